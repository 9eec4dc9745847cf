"""JSON: a record with a body of its own becomes that text and its metadata, anything else its values as lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from index.errors import UnreadableFile
from index.load.compose import Composition, as_statement, one_line, web_address
from index.load.dates import stated
from index.load.decode import decode, sound
from index.load.formats import JSON, shown
from index.load.headings import headings_in, title_in
from index.records import Metadata, Reading

BODY = ("text", "body", "content", "article", "fulltext", "full_text", "description")
TITLE = ("title", "headline", "name")
PUBLISHER = ("publisher", "source", "outlet", "site")
AUTHOR = ("author", "authors", "byline", "creator")
PUBLISHED = ("published", "date", "publishedat", "published_at", "pubdate", "datepublished", "publication_date")
_MARKUP = re.compile(r"</(?:p|div|span|a|b|strong|em|i|ul|li|h\d)>|<(?:br|p)\s*/?>", re.IGNORECASE)


def read(name: str, content: bytes) -> Reading:
    """Read a JSON file. Raises UnreadableFile for what is no JSON."""
    text = decode(name, content)
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableFile(
            f"{shown(name)} is not JSON ({error.msg} in line {error.lineno}).", "Mend it, or save it as .txt."
        ) from error
    except RecursionError as error:
        raise UnreadableFile(f"{shown(name)} is nested too deeply.", "Save its text as .txt.") from error
    return reading_of(name, value)


def reading_of(name: str, value: object) -> Reading:
    """Make a reading of a value that came from JSON."""
    record = lowered(value)
    body = body_of(record)
    if body is None:
        composition = _listed(value)
        return Reading(composition.text, JSON.reader, composition.marks, _metadata(record, None), JSON.media_type)
    if _MARKUP.search(body):
        from index.load import html  # a large library, for records that hold web pages only

        page = html.read(name, f"<meta charset=utf-8><body>{body}".encode("utf-8", "replace"))
        return Reading(page.text, JSON.reader, page.marks, _metadata(record, None), JSON.media_type)
    text = sound(body.replace("\r\n", "\n").replace("\r", "\n"))
    return Reading(text, JSON.reader, headings_in(text), _metadata(record, title_in(text)), JSON.media_type)


def lowered(value: object) -> Mapping[str, object]:
    """Give a record's fields by their names in small letters; of what is no record, none."""
    return {str(key).lower(): field for key, field in value.items()} if isinstance(value, dict) else {}


def body_of(record: Mapping[str, object]) -> str | None:
    """Give the text that a record is about, the first of the usual fields that has one."""
    bodies = (record.get(key) for key in BODY)
    return next((body for body in bodies if isinstance(body, str) and body.strip()), None)


def metadata_of(record: Mapping[str, object]) -> Metadata:
    """Give what a record's usual fields say."""
    published = stated(_word(record, PUBLISHED) or "")
    return Metadata(
        title=_word(record, TITLE),
        publisher=_word(record, PUBLISHER),
        author=_word(record, AUTHOR),
        published=published,
        published_from="metadata" if published else None,
        language=(_word(record, ("language", "lang")) or "")[:2].lower() or None,
        url=web_address(_word(record, ("url", "link"))),
    )


def _metadata(record: Mapping[str, object], opening: str | None) -> Metadata:
    found = metadata_of(record)
    return found if found.title else replace(found, title=opening)


def _word(record: Mapping[str, object], keys: tuple[str, ...]) -> str | None:
    for key in keys:
        if words := ", ".join(_words(record.get(key))):
            return sound(words)[:500]
    return None


def _words(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for one in value[:20]:
            yield from _words(one) if not isinstance(one, list) else ()
    elif isinstance(value, dict):
        yield from _words(lowered(value).get("name"))
    elif isinstance(value, str | int) and not isinstance(value, bool) and (word := one_line(str(value))):
        yield word


def _listed(value: object) -> Composition:
    """Write every value on a line of its own under its path; the entries of a list apart."""
    composition = Composition()
    entries = value if isinstance(value, list) else [value]
    for entry in entries:
        lines = [as_statement(f"{path}: {words}") if path else words for path, words in _leaves("", entry)]
        plain = not isinstance(entry, dict | list)
        composition.block("\n".join(lines), gap="\n" if plain else "\n\n")
    return composition


def _leaves(path: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(f"{path}, {one_line(str(key))}" if path else one_line(str(key)), inner)
    elif isinstance(value, list):
        if all(not isinstance(inner, dict | list) for inner in value):
            yield from _leaf(path, ", ".join(_shown(inner) for inner in value if inner is not None))
        else:
            for inner in value:
                yield from _leaves(path, inner)
    elif value is not None:
        yield from _leaf(path, _shown(value))


def _leaf(path: str, words: str) -> Iterator[tuple[str, str]]:
    if words.strip():
        yield path, words.strip()


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
