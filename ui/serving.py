"""The command `serve`: the server with what a terminal sees of it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import DossierError, NotFound
from rag.pipeline import Rag
from ui.adding import add_paths
from ui.desk import OwnDesk, with_models
from ui.server import Service, serve

if TYPE_CHECKING:
    from ui.config import Config

EXAMPLES = Path(__file__).parent.parent / "examples" / "documents"


GIVE_WAY = 0.0005
"""In seconds: after how long a thread of Python leaves the others their turn. Questions are mostly computed outside of
Python and wait for their turn after every step: at the usual 5 ms the first answer after a start took 2.8 s, not 2."""


def run(config: Config, paths: Sequence[Path | str], dossier: str, *, examples: bool) -> None:
    """Serve until a signal comes; add the paths, and the examples to an empty library, as soon as it answers."""
    if examples and not EXAMPLES.is_dir():
        raise NotFound("The example documents are not installed here.", "They are in the repository, under examples/.")

    def announce(address: str, service: Service) -> None:
        print(f"Dossier is ready at {address}", flush=True)  # noqa: T201
        wishes: list[tuple[Sequence[Path | str], str]] = [(paths, dossier)] if paths else []
        if examples and not service.shelf.dossiers():
            wishes.append(([EXAMPLES], "examples"))
        if wishes:
            threading.Thread(target=_add, args=(config, service, wishes), name="add", daemon=True).start()

    sys.setswitchinterval(GIVE_WAY)
    serve(config, lambda config, address: with_models(config, lambda: Rag.open(config, address)), announce)


def _add(config: Config, service: Service, wishes: Sequence[tuple[Sequence[Path | str], str]]) -> None:
    desk = OwnDesk(config, service.shelf)
    for paths, dossier in wishes:
        _say(f"Adding {', '.join(str(path) for path in paths)} to the dossier {dossier!r}.")
        try:
            total = add_paths(desk, config, paths, dossier, "replace", lambda done, all, name: None, _say)
        except DossierError as error:
            _say(f"dossier: {error}")
        else:
            for line in total.lines():
                _say(line)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201
