"""From an upload to sources: multipart files, or documents in JSON."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile

from index.config import IndexConfig
from index.errors import BadInput
from index.load import Skipped, expand
from index.records import Conflict, Metadata, Source
from ui.api.errors import validated_by_hand
from ui.api.given import CONFLICTS, DocumentGiven, DocumentsGiven, MetadataGiven, storable

MOST_FILES = 1000
FIELDS = ("dossier", "on_conflict", "files", "sources", "metadata")
INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""Invisible too, but several scripts are spelled with them."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What is to be added where."""

    dossier: str
    on_conflict: Conflict
    sources: Iterable[Source]
    """Files are read one by one while they are added, not all at once."""
    sizes: tuple[tuple[str, int], ...] = ()
    """Name and bytes of each file or text; nothing of addresses."""


def from_json(given: DocumentsGiven) -> Upload:
    """Take documents that are given as text, or addresses, which the job fetches."""
    if given.urls:
        from index.load.fetch import page_of  # only addresses need the network

        return Upload(given.dossier, given.on_conflict, [page_of(storable(url)) for url in given.urls])
    sizes = tuple((document.name, len(document.text)) for document in given.documents)
    return Upload(given.dossier, given.on_conflict, [_text_source(document) for document in given.documents], sizes)


def _text_source(given: DocumentGiven) -> Source:
    return Source(given.name, given.source or f"upload:{given.name}", text=given.text, metadata=given.metadata())


def from_form(form: FormData, config: IndexConfig) -> Upload:
    """Take multipart files, which wait on disk until each is read. Raises BadInput."""
    for name in form:
        if name not in FIELDS:
            raise BadInput(f"The form has a field {name[:60]!r}.", f"Known are {', '.join(FIELDS)}.")
    files = [file for file in form.getlist("files") if isinstance(file, UploadFile)]
    if not files:
        raise BadInput("The form has no files.", "Send them as the field 'files', each with a file name.")
    named = [str(source) for source in form.getlist("sources")]
    if named and len(named) != len(files):
        raise BadInput(f"{len(named)} sources name {len(files)} files.", "Send one source a file, or none.")
    known = [_metadata(str(given)) for given in form.getlist("metadata")]
    if known and len(known) != len(files):
        raise BadInput(f"{len(known)} metadata belong to {len(files)} files.", "Send one object a file, or none.")
    on_conflict = str(form.get("on_conflict") or "replace")
    if on_conflict not in CONFLICTS:
        raise BadInput(f"on_conflict: found {on_conflict[:60]!r}.", f"Expected {', '.join(CONFLICTS)}.")
    dossier = storable(str(form.get("dossier") or "default"))
    sizes = tuple((file.filename or "", file.size or 0) for file in files)
    return Upload(dossier, on_conflict, _read(files, named, known, config), sizes)


def _metadata(given: str) -> Metadata:
    try:
        return MetadataGiven.model_validate_json(given).metadata()
    except ValidationError as error:
        raise validated_by_hand(error) from None


def _read(files: list[UploadFile], named: list[str], known: list[Metadata], config: IndexConfig) -> Iterator[Source]:
    for position, file in enumerate(files):
        name = clean_name(file.filename or "")
        address = storable(named[position]) if named else f"upload:{name}"
        file.file.seek(0)
        metadata = known[position] if known else Metadata()
        for found in expand(Source(name, address, content=file.file.read(), metadata=metadata), config):
            yield _failing(found, address) if isinstance(found, Skipped) else found


def _failing(skipped: Skipped, address: str) -> Source:
    """Make a source of what cannot be read, so that the job names it with the reason."""
    return Source(str(skipped.path), f"{address}#{skipped.path.name}", refused=skipped.reason)


def clean_name(name: str) -> str:
    """Make a label of a file's name: a relative path without `..`, control or direction characters."""
    visible = "".join(char for char in storable(name) if char in JOINERS or unicodedata.category(char) not in INVISIBLE)
    parts = [part.strip() for part in re.split(r"[/\\]", visible)]
    return "/".join(part for part in parts if part not in ("", ".", ".."))[-500:].lstrip("/") or "unnamed"
