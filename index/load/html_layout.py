"""A tree of HTML, or of trafilatura's own elements, laid out as lines of text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from index.load.compose import Composition, one_line

_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "head"))
_LISTS = frozenset(("list", "ul", "ol"))
_ITEMS = frozenset(("item", "li"))
_CELLS = frozenset(("cell", "td", "th"))
_ROWS = frozenset(("row", "tr"))
_BREAKS = frozenset(("lb", "br"))
_BLOCKS = frozenset(
    "body p div quote ab table section article blockquote pre header main address figure figcaption caption summary "
    "details hr dl dt dd tbody thead center fieldset legend nav aside footer form".split()
)
_BREAKS_LINE = _HEADINGS | _LISTS | _ITEMS | _CELLS | _ROWS | _BLOCKS
_LONGEST_CELL = 300
_SPACES = re.compile("[\\s\x00-\x1f\ufffe\uffff]+")


@dataclass
class _Layout:
    """What is open while the tree is walked."""

    composition: Composition = field(default_factory=Composition)
    line: list[str] = field(default_factory=list)
    """The text since the last block ended."""
    lists: list[int | None] = field(default_factory=list)
    """For each open list the number of its last item; None where items are not numbered."""
    marker: str = ""
    row: list[str] | None = None
    """The cells so far of the open row of a table that holds data."""
    tight: str = ""
    """What the block before was, if the next of its kind follows on the next line."""

    def begin(self, element: etree._Element) -> None:
        tag = str(element.tag)
        if tag in _BREAKS_LINE:
            self.flush()
        if tag in _LISTS:
            numbered = tag == "ol" or element.get("rend") == "ol"
            self.lists.append(0 if numbered else None)
        elif tag in _ITEMS:
            self.marker = self._next_marker()
        elif tag in _ROWS and self.row is None and _holds_data(element):
            self.row = []
        elif tag in _BREAKS:
            self.line.append("\n")
        self.say(element.text)

    def end(self, element: etree._Element) -> None:
        tag = str(element.tag)
        if tag in _HEADINGS and self.row is None:
            self.composition.heading("".join(self.line))
            self.line, self.tight, self.marker = [], "", ""
        elif tag in _CELLS and self.row is not None:
            self.row.append(one_line("".join(self.line)))
            self.line = []
        elif tag in _ROWS and self.row is not None:
            cells, self.row = self.row, None
            while cells and not cells[-1]:  # a caption comes as a row with an empty cell
                cells.pop()
            self.line = [" | ".join(cells)]
            self.flush(kind="row")
        elif tag in _BREAKS_LINE:
            self.flush()
        if tag in _LISTS and self.lists:
            self.lists.pop()
            self.tight = "item" if self.lists else ""
        elif tag in ("table", *_ITEMS):
            self.marker = ""
            self.tight = "" if tag == "table" else self.tight
        self.say(element.tail)

    def say(self, text: str | None) -> None:
        if text:
            self.line.append(_SPACES.sub(" ", text))

    def flush(self, kind: str = "") -> None:
        """End the block that is open."""
        if self.row is not None:
            self.line.append(" ")
            return
        text = "\n".join(line for raw in "".join(self.line).split("\n") if (line := one_line(raw)))
        self.line = []
        if text:
            kind = kind or ("item" if self.lists else "")
            self.composition.block(self.marker + text, gap="\n" if kind and kind == self.tight else "\n\n")
            self.tight, self.marker = kind, ""

    def _next_marker(self) -> str:
        indent = "  " * (len(self.lists) - 1)
        if not self.lists or self.lists[-1] is None:
            return f"{indent}- "
        self.lists[-1] += 1
        return f"{indent}{self.lists[-1]}. "


def lay_out(tree: etree._Element) -> Composition:
    """Lay out a tree: paragraphs, headings, lists and rows each as lines of their own. Depth does not matter."""
    layout = _Layout()
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        if event == "start":
            layout.begin(element)
        elif element is tree:
            layout.flush()
        else:
            layout.end(element)
    return layout.composition


def _holds_data(row: etree._Element) -> bool:
    """Whether a row is data and not the page's layout."""
    if next(row.iter("table", "div", "list", "ul", "ol", "quote", *_HEADINGS), None) is not None:
        return False
    cells = [cell for cell in row if cell.tag in _CELLS]
    if len(cells) == 1 and cells[0].find(".//p") is not None:
        return False
    return all(len("".join(cell.itertext())) <= _LONGEST_CELL for cell in cells)
