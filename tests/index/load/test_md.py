from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.config import IndexConfig
from index.errors import UnreadableFile
from index.load import read
from index.load.md import read as read_md
from index.load.md import render
from index.records import Metadata
from tests.index.load.made import MARKDOWN

RENDERED = """Trade grows

Overall trade has increased by 26%, the ministry said a chart. It went on in the next line.

- the first point
- the second point

Year | Growth
2023 | 26%

Tit for tat

Tariffs were raised at AT&T.
"""


def test_markup_is_rendered_and_front_matter_read(config: IndexConfig) -> None:
    reading = read("a.md", MARKDOWN.encode(), config)
    assert reading.text.rstrip("\n") == RENDERED.rstrip("\n")
    assert [mark.label for mark in reading.marks] == ["Trade grows", "Tit for tat"]
    assert reading.metadata == Metadata(
        title="Trade grows", publisher="The Post", author="Jane Doe, John Roe", published="2024-05-17",
        published_from="metadata", language="en",
    )  # fmt: skip
    assert reading.reader == "md-1"


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"\A {0,2}[A-Za-z][A-Za-z ,.;'\"“”()%0-9-]{0,60}[a-z.]\Z"),
            st.sampled_from(["\n\n", "\n\n\n"]),
        ),
        min_size=1,
    )
)
def test_text_without_markup_comes_out_identical(paragraphs: list[tuple[str, str]]) -> None:
    text = "".join(paragraph + gap for paragraph, gap in paragraphs)
    assert render(text).text == text


@pytest.mark.parametrize(
    "front",
    ["---\ntitle: [broken\n---\n", "---\njust prose\n---\n", "---\ntitle: x\n", "---\ndate: 2024-99-99\n---\n"],
)
def test_broken_front_matter_stays_in_the_text(front: str) -> None:
    reading = read_md("a.md", f"{front}\nThe body.".encode())
    assert "The body." in reading.text
    assert any(word in reading.text for word in ("broken", "just prose", "title: x", "2024-99-99"))
    assert reading.metadata.published is None


def test_front_matter_makes_no_objects() -> None:
    reading = read_md("a.md", b"---\ntitle: !!python/object/apply:os.system ['true']\n---\nThe body.")
    assert "The body." in reading.text
    assert reading.metadata.title != "0"


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("a **b** *c* `d` ~~e~~ [f](g) <http://h.org>", "a b c d ~~e~~ f http://h.org"),
        ("one<br>two  \nthree", "one\ntwo\nthree"),
        ("> quoted\n> text", "quoted text"),
        ("```\ncode *stays*\n```", "code *stays*"),
        ("<div>block <b>html</b></div>\n<script>alert(1)</script>", "block html"),
        ("1. one\n2. two\n   - three", "1. one\n2. two\n  - three"),
        ("[a]: http://b.org\n\ntext [a]", "text a"),
        ("5 * 3 * 2 and snake_case \\*x\\*", "5 * 3 * 2 and snake_case *x*"),
    ],
)
def test_rendering(markdown: str, text: str) -> None:
    assert render(markdown).text.strip() == text


def test_markdown_of_nothing_but_a_comment_holds_no_text(config: IndexConfig) -> None:
    with pytest.raises(UnreadableFile, match="holds no text"):
        read("a.md", b"<!-- nothing -->", config)
