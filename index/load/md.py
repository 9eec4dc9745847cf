"""Markdown as readers see it rendered: prose without markup, lists and tables as lines, headings marked.

Emphasis, code, links and escapes become their text, images their alternative text, HTML tags and comments go, a soft
line break becomes a space. Blank lines, list markers and code stay, so that a text without markup whose paragraphs
are on one line each comes out identical. A single line break before or after a heading becomes a blank line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape

from frontmatter.default_handlers import YAMLHandler
from markdown_it import MarkdownIt
from markdown_it.token import Token
from yaml import YAMLError

from index.load.compose import Composition, one_line, web_address
from index.load.dates import stated
from index.load.decode import decode, sound
from index.load.formats import MD
from index.load.headings import title_in
from index.records import Metadata, Reading

_HIDDEN_HTML = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<[?!][^<>]*>")
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_MOST_NESTED = 50


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A block that holds text itself, with the lines it takes in the file."""

    first: int
    last: int
    text: str
    prefix: str = ""
    """A list item's marker and indentation."""
    heading: bool = False


def read(name: str, content: bytes) -> Reading:
    """Read a Markdown file; broken front matter stays in the text."""
    front, body = _front_matter(decode(name, content))
    composition = render(body)
    text = composition.text
    headings = [mark.label for mark in composition.marks]
    opening = headings[0] if headings and text.lstrip().startswith(headings[0]) else None
    metadata = _metadata(front, opening or title_in(text))
    return Reading(text, MD.reader, composition.marks, metadata, MD.media_type)


def render(body: str) -> Composition:
    """Render Markdown block by block, with the blank lines between the blocks as they stand."""
    lines = body.split("\n")
    composition = Composition()
    below, after_heading = 0, False
    for leaf in _leaves(MarkdownIt("commonmark", {"maxNesting": _MOST_NESTED}).enable("table").parse(body), lines):
        blank = [line if not line.strip() else "" for line in lines[below : leaf.first] if not line.strip(" \t>")]
        if len(composition):
            composition.run("\n".join(["", *(blank or [""] * (leaf.heading or after_heading)), ""]))
        else:
            composition.run("".join(f"{line}\n" for line in blank))
        composition.run(leaf.prefix)
        if leaf.heading:
            composition.mark_heading(leaf.text)
        composition.run(leaf.text)
        below, after_heading = leaf.last, leaf.heading
    composition.run("\n".join(["", *(line for line in lines[below:] if not line.strip())]))
    return composition


def _leaves(tokens: Sequence[Token], lines: Sequence[str]) -> Iterator[_Leaf]:
    depth, marker = 0, ""
    cells: list[str] = []
    row_line = 0
    for before, token in zip([None, *tokens], tokens, strict=False):
        match token.type:
            case "list_item_open":
                marker, depth = "  " * depth + f"{token.info}{token.markup} ", depth + 1
            case "list_item_close":
                marker, depth = "", depth - 1
            case "tr_open":
                cells, row_line = [], (token.map or [0])[0]
            case "tr_close" if any(cells):
                yield _Leaf(row_line, row_line + 1, " | ".join(cells), marker or "  " * depth)
                marker = ""
            case "inline" if before and before.type in ("th_open", "td_open"):
                cells.append(one_line(_plain(token)))
            case _:
                if leaf := _leaf(token, before, lines, marker or "  " * depth):
                    yield leaf
                    marker = ""


def _leaf(token: Token, before: Token | None, lines: Sequence[str], prefix: str) -> _Leaf | None:
    if token.map is None:
        return None
    first, last = token.map
    heading = before is not None and before.type == "heading_open"
    match token.type:
        case "inline":
            text = one_line(_plain(token)) if heading else _plain(token)
            if last - first == 1 and not prefix and not heading and lines[first].strip() == text:
                text = lines[first]
        case "fence":
            text = token.content.rstrip("\n")
        case "code_block":
            text = "\n".join(lines[first:last]).rstrip()
        case "html_block":
            text = _without_tags(token.content)
        case _:
            return None
    return _Leaf(first, last, text, prefix, heading) if text.strip() else None


def _plain(token: Token) -> str:
    """Render the inside of a line to what is read there."""
    pieces: list[str] = []
    for child in token.children or ():
        match child.type:
            case "softbreak":
                pieces.append(" ")
            case "hardbreak":
                pieces.append("\n")
            case "image":
                pieces.append(_plain(child))
            case "html_inline":
                pieces.append("\n" if _LINE_BREAK.fullmatch(child.content) else "")
            case _:
                pieces.append(child.content)
    text = re.sub(r" *\n *", "\n", "".join(pieces)).strip()
    dropped = any(child.type == "html_inline" for child in token.children or ())
    return re.sub(" {2,}", " ", text) if dropped else text


def _without_tags(html: str) -> str:
    shown = unescape(_TAG.sub("", _LINE_BREAK.sub("\n", _HIDDEN_HTML.sub("", html))))
    return "\n".join(line for raw in shown.split("\n") if (line := one_line(raw)))


def _front_matter(text: str) -> tuple[Mapping[str, object], str]:
    """Split front matter from the body; what is not YAML with keys is part of the body."""
    handler = YAMLHandler()
    if not text.startswith("---\n"):
        return {}, text
    try:
        head, body = handler.split(text)
        found = handler.load(head)  # the safe loader: plain values only
    except (YAMLError, ValueError, OverflowError, RecursionError):
        return {}, text
    if not isinstance(found, dict):
        return {}, text
    return {str(key).lower(): value for key, value in found.items()}, body.lstrip("\n")


def _metadata(front: Mapping[str, object], title: str | None) -> Metadata:
    published = stated(_word(front, "published", "date") or "")
    return Metadata(
        title=_word(front, "title") or title,
        publisher=_word(front, "publisher"),
        author=_word(front, "author", "authors"),
        published=published,
        published_from="metadata" if published else None,
        language=_word(front, "language", "lang"),
        url=web_address(_word(front, "url", "link")),
    )


def _word(front: Mapping[str, object], *keys: str) -> str | None:
    for key in keys:
        value = front.get(key)
        values = value if isinstance(value, list) else [value]
        words = [one_line(str(one)) for one in values if one is not None and not isinstance(one, list | dict)]
        if words and words[0]:
            return sound(", ".join(words))
    return None
