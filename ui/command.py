"""What every command has: the settings as flags, an exit status, JSON on wish."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from ui.flags import option, settings

if TYPE_CHECKING:
    from ui.config import Config

FAILED, USAGE, DECLINED, STOPPED = 1, 2, 3, 130
SETTINGS = tuple(settings())


class Command(click.Command):
    """A command that takes every setting as a flag; `--help` shows those that concern it."""

    shown: tuple[str, ...] = ()

    def __init__(self, *args: Any, shown: tuple[str, ...] = (), **kwargs: Any) -> None:  # noqa: ANN401  # click's own
        super().__init__(*args, **kwargs)
        own = {parameter.name for parameter in self.params}
        self.params += [option(one, hidden=one.name not in shown) for one in SETTINGS if one.name not in own]
        self.epilog = "Every setting can be given as a flag: see dossier --help."


class Commands(click.Group):
    """A group whose commands take the settings."""

    command_class = Command


Commands.group_class = Commands


def config_of(context: click.Context) -> Config:
    """Read the settings as the command line gives them."""
    from ui.config import Config

    root = context.ensure_object(dict)
    return Config.load(root.get("config"), **root.get("flags", {}))


def print_json(content: object) -> None:
    """Print what a program would read."""
    click.echo(json.dumps(content, ensure_ascii=False, indent=2))
