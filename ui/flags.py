"""A flag for every setting, read from the settings' own source so that `--help` need not import them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

HOUSES = ("index", "rag", "ui")
SECRET = "key"  # noqa: S105  # the one setting that is no flag: others on the machine see a command's arguments


@dataclass(frozen=True, slots=True)
class Setting:
    """A key of the settings."""

    name: str
    kind: str
    """Its annotation, as it is written."""
    meaning: str


def settings() -> Iterator[Setting]:
    """Give every setting, in the order of the houses."""
    root = Path(__file__).parent.parent
    for house in HOUSES:
        tree = ast.parse((root / house / "config.py").read_text(encoding="utf-8"))
        for owner in tree.body:
            if isinstance(owner, ast.ClassDef):
                yield from _settings_in(owner)


def option(setting: Setting, *, hidden: bool) -> click.Option:
    """Make the flag; what is given goes to the settings' own validation, under the context's `flags`."""
    dashed = setting.name.replace("_", "-")
    names = [f"--{dashed}/--no-{dashed}"] if setting.kind == "bool" else [f"--{dashed}"]
    return click.Option(
        names,
        default=None,
        expose_value=False,
        hidden=hidden,
        help=setting.meaning,
        metavar=None if setting.kind == "bool" else _metavar(setting.kind),
        callback=_keep,
    )


def _keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    if value is not None:
        context.ensure_object(dict).setdefault("flags", {})[parameter.name] = value


def _settings_in(owner: ast.ClassDef) -> Iterator[Setting]:
    for field, below in zip(owner.body, [*owner.body[1:], None], strict=True):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        told = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
        meaning = " ".join(str(below.value.value).split()) if told else ""  # type: ignore[union-attr]
        if field.target.id != SECRET:
            yield Setting(field.target.id, ast.unparse(field.annotation), meaning)


def _metavar(kind: str) -> str:
    if kind.startswith("Path"):
        return "PATH"
    return {"int": "N", "float": "N"}.get(kind, "TEXT")
