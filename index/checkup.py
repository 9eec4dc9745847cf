"""Looks over every part of a shelf and names the command that mends what is not well."""

from __future__ import annotations

import os
import shutil

import numpy as np

from index.config import IndexConfig
from index.embed import Embedder
from index.errors import DossierError
from index.library import Library, sound
from index.records import Health
from index.upkeep import Upkeep

LEAST_FREE_MB = 500
FAR_FROM_ROUNDING = 0.02
MEND = "dossier doctor --mend"


def of(config: IndexConfig, library: Library, upkeep: Upkeep, embedder: Embedder) -> tuple[Health, ...]:
    """Check the library's file, every passage, both indexes, and the disk."""
    return (
        _library(library),
        _passages(library),
        _vectors(library, embedder),
        *_indexes(upkeep),
        _space(config),
        _permission(config),
    )


def _library(library: Library) -> Health:
    wrong = sound(library)
    if wrong:
        return Health(
            "library",
            False,
            f"library.sqlite is damaged: {'; '.join(wrong)}.",
            "dossier restore BACKUP --data NEW_FOLDER",
        )
    return Health("library", True, "library.sqlite is sound.")


def _passages(library: Library) -> Health:
    count = 0
    library.passages.forget()  # what is on the disk is to be checked, not what is at hand
    try:
        for dossier in library.dossiers.ids():
            for document in library.documents.of_dossier(dossier):
                count += len(library.passages.of_document(document))
    except DossierError as error:
        return Health("passages", False, error.message, "dossier restore BACKUP --data NEW_FOLDER")
    return Health("passages", True, f"{count} passages are what was stored.")


def _vectors(library: Library, embedder: Embedder) -> Health:
    odd = sum(len(keys) for keys in odd_vectors(library, embedder.dimensions).values())
    if odd:
        return Health("vectors", False, f"{odd} vectors are not of length 1.", MEND)
    return Health("vectors", True, f"All vectors are of length 1 ({embedder.name}).")


def odd_vectors(library: Library, dimensions: int) -> dict[int, list[int]]:
    """Give the passages whose vectors are not of length 1, by the key of their document."""
    found: dict[int, list[int]] = {}
    for dossier in library.dossiers.ids():
        vectors = library.embeddings.of_dossier(dossier, dimensions)
        lengths = (vectors.matrix.astype(np.float64) ** 2).sum(axis=1)
        for place in np.flatnonzero(abs(lengths - 1) > FAR_FROM_ROUNDING):
            found.setdefault(int(vectors.documents[place]), []).append(int(vectors.keys[place]))
    return found


def _indexes(upkeep: Upkeep) -> list[Health]:
    found = []
    for name, lacking, surplus in upkeep.states():
        well = not (lacking or surplus)
        message = (
            "in step with the library." if well else f"lacks {len(lacking)} passages, has {len(surplus)} too many."
        )
        found.append(Health(name, well, message, "" if well else MEND))
    return found


def _space(config: IndexConfig) -> Health:
    free = shutil.disk_usage(config.data).free // 2**20
    message = f"{free} MB are free in {config.data}."
    return Health(
        "space", free >= LEAST_FREE_MB, message, "" if free >= LEAST_FREE_MB else "free some space on this disk"
    )


def _permission(config: IndexConfig) -> Health:
    well = os.access(config.data, os.W_OK)
    message = f"{config.data} can be written." if well else f"{config.data} cannot be written."
    return Health("permission", well, message, "" if well else f"chmod u+w {config.data}")
