"""Looks over every part of a shelf and names the command that mends what is not well."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from index.config import IndexConfig
from index.errors import Cancelled, DossierError
from index.library import Library, sound
from index.records import Health
from index.reindex import strayed
from index.storing import Craft
from index.upkeep import Upkeep

LEAST_FREE_MB = 500
FAR_FROM_ROUNDING = 0.02
MEND = "dossier doctor --mend"
RESTORE = "dossier restore BACKUP --data NEW_FOLDER"
PARTS = 8
Tell = Callable[[int, int, str], None]
"""Takes how many parts are looked over, of how many, and which is next; may raise Cancelled."""


def of(config: IndexConfig, library: Library, upkeep: Upkeep, craft: Craft, tell: Tell) -> tuple[Health, ...]:
    """Check the library's file, every row that is shown, passage and vector, both indexes, and the disk."""
    checks: tuple[tuple[str, Callable[[], Iterator[Health]]], ...] = (
        ("library", lambda: _library(library)),
        ("metadata", lambda: _metadata(library)),
        ("passages", lambda: _passages(library)),
        ("vectors", lambda: _vectors(library, craft)),
        ("splitter", lambda: _splitter(library, craft)),
        ("indexes", lambda: _indexes(upkeep)),
        ("space", lambda: _space(config)),
        ("permission", lambda: _permission(config)),
    )
    found: list[Health] = []
    for done, (part, look) in enumerate(checks):
        tell(done, PARTS, part)
        try:
            found += look()
        except Cancelled:
            raise
        except DossierError as error:  # so damaged that it cannot even be looked at
            found.append(Health(part, False, error.message, RESTORE))
    return tuple(found)


def _library(library: Library) -> Iterator[Health]:
    if wrong := sound(library):
        yield Health("library", False, f"library.sqlite is damaged: {'; '.join(wrong)}.", RESTORE)
    else:
        yield Health("library", True, "library.sqlite is sound.")


def _metadata(library: Library) -> Iterator[Health]:
    said, found = library.documents.changed_rows()
    if said:
        message = f"what was said about {_named(said)} is not what was stored."
        yield Health("metadata", False, message, f"correct it with `dossier metadata`, or {RESTORE}")
    if found:
        message = f"what was read from {_named(found)} is not what was stored."
        yield Health("metadata", False, message, f"{MEND}; where that does not help, add it again, or {RESTORE}")
    if not (said or found):
        yield Health("metadata", True, "Titles, dates, places and texts of all documents are what was stored.")


def _named(rows: Sequence[tuple[int, str]]) -> str:
    names = ", ".join(repr(name) for _, name in rows[:5])
    return f"{names} and {len(rows) - 5} others" if len(rows) > 5 else names


def _passages(library: Library) -> Iterator[Health]:
    count = 0
    library.passages.forget()  # what is on the disk is to be checked, not what is at hand
    for dossier in library.dossiers.ids():
        for document in library.documents.of_dossier(dossier):
            count += len(library.passages.of_document(document))
    yield Health("passages", True, f"{count} passages are what was stored.")


def _vectors(library: Library, craft: Craft) -> Iterator[Health]:
    if odd := sum(len(keys) for keys in odd_vectors(library, craft).values()):
        yield Health("vectors", False, f"{odd} vectors are not what was stored, or of another text.", MEND)
    else:
        yield Health("vectors", True, f"All vectors are what was stored, each of its text ({craft.embedder.name}).")


def odd_vectors(library: Library, craft: Craft) -> dict[int, list[int]]:
    """Give the passages whose vectors are damaged, not of length 1, or of another text, by the key of their document.

    A damaged passage has its own finding, and no vector can be made of it.
    """
    found = library.embeddings.damaged()
    try:
        for document, keys in strayed(library, craft).items():
            found[document] = sorted({*found.get(document, ()), *keys})
    except Cancelled:
        raise
    except DossierError:
        pass
    for dossier in library.dossiers.ids():
        vectors = library.embeddings.of_dossier(dossier, craft.embedder.dimensions)
        lengths = (vectors.matrix.astype(np.float64) ** 2).sum(axis=1)
        for place in np.flatnonzero(abs(lengths - 1) > FAR_FROM_ROUNDING):
            keys = found.setdefault(int(vectors.documents[place]), [])
            if (key := int(vectors.keys[place])) not in keys:
                keys.append(key)
    return found


def outdated(library: Library, recipe: str) -> str:
    """Say how many documents another splitter cut, nothing where there are none."""
    others = {splitter: count for splitter, count in library.documents.splitters().items() if splitter != recipe}
    if not others:
        return ""
    told = ", ".join(f"{count} by {splitter}" for splitter, count in sorted(others.items()))
    return f"{sum(others.values())} documents were split otherwise than {recipe} does now ({told}); they are answered."


def _splitter(library: Library, craft: Craft) -> Iterator[Health]:
    if told := outdated(library, craft.recipe):
        yield Health("splitter", False, told, "dossier reindex")
    else:
        yield Health("splitter", True, f"All documents are split by {craft.recipe}.")


def _indexes(upkeep: Upkeep) -> Iterator[Health]:
    for name, lacking, surplus in upkeep.states():
        well = not (lacking or surplus)
        message = (
            "in step with the library." if well else f"lacks {len(lacking)} passages, has {len(surplus)} too many."
        )
        yield Health(name, well, message, "" if well else MEND)


def _space(config: IndexConfig) -> Iterator[Health]:
    free = shutil.disk_usage(config.data).free // 2**20
    message = f"{free} MB are free in {config.data}."
    well = free >= LEAST_FREE_MB
    yield Health("space", well, message, "" if well else "free some space on this disk")


def _permission(config: IndexConfig) -> Iterator[Health]:
    well = os.access(config.data, os.W_OK)
    message = f"{config.data} can be written." if well else f"{config.data} cannot be written."
    yield Health("permission", well, message, "" if well else f"chmod u+w {config.data}")
