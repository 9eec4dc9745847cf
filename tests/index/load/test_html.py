from __future__ import annotations

import pytest

from index.config import IndexConfig
from index.errors import UnreadableFile
from index.load import read
from index.load.html import read as read_html
from index.records import Metadata
from tests.index.load.made import ARTICLE

TEXT = """Trade grows by 26%

Overall trade has increased by 26%, the ministry said on Friday. It was the largest rise since 2010, officials told \
reporters.

Tit for tat

Tariffs were raised in March by both sides, and exporters complained about the paperwork that followed.

- The first point
- The second point

Year | Growth
2023 | 26%"""


def test_an_article_is_read_without_what_surrounds_it(config: IndexConfig) -> None:
    reading = read("a.html", ARTICLE.encode(), config)
    assert reading.text == TEXT
    assert [mark.label for mark in reading.marks] == ["Trade grows by 26%", "Tit for tat"]
    assert reading.metadata == Metadata(
        title="Trade grows by 26%", publisher="The Post", author="Jane Doe", published="2024-05-17",
        published_from="metadata", language="en",
    )  # fmt: skip


def test_a_short_page_gives_all_its_visible_text() -> None:
    page = b"<body><nav>Menu</nav><h2>News</h2><p>Short <i>page</i>.<br>Two</p><script>x()</script></body>"
    assert read_html("a.html", page).text == "News\n\nShort page.\nTwo"
    menu = b"<nav>" + b"Menu " * 80 + b"</nav><h2>News</h2><p>Short one.</p>"
    assert read_html("a.html", menu).text == "News\n\nShort one."
    assert read_html("a.html", b"<nav>Only a menu</nav>").text == "Only a menu"


@pytest.mark.parametrize(
    "page",
    [b"<html></html>", b" ", b"<!-- -->", b"<script>x</script>", b"<p style='display:none'>x</p>", b"<img src=x>"],
)
def test_a_page_without_text(page: bytes, config: IndexConfig) -> None:
    with pytest.raises(UnreadableFile, match="without visible text"):
        read("a.html", page, config)


@pytest.mark.parametrize(
    ("head", "published"),
    [
        ('<script type="application/ld+json">{"@graph": [{"datePublished": "2024-05-17"}]}</script>', "2024-05-17"),
        ('<script type="application/ld+json">{"broken</script>', None),
        ('<meta name="date" content="2024-05">', "2024-05"),
        ('<meta name="dcterms.modified" content="2024-05-17">', None),
        ("<title>Since 12 March 1999</title>", None),
    ],
)
def test_dates_are_only_those_stated_as_the_day_of_publishing(head: str, published: str | None) -> None:
    page = f"<html><head>{head}</head><body><p>In 2019 it was 3 May 2018. Copyright 2023.</p></body></html>"
    assert read_html("a.html", page.encode()).metadata.published == published


@pytest.mark.parametrize("charset", ["windows-1251", "shift_jis", "utf-8"])
def test_declared_charsets(charset: str) -> None:
    text = {"windows-1251": "Привет, мир", "shift_jis": "貿易は増加した", "utf-8": "Zürich “a”"}[charset]
    page = f'<html><head><meta charset="{charset}"></head><body><p>{text}</p></body></html>'
    assert read_html("a.html", page.encode(charset)).text == text


@pytest.mark.parametrize("tag", ["div", "b", "ul><li", "table><tr><td", "blockquote"])
@pytest.mark.parametrize("depth", [200, 50_000])
def test_deep_nesting_is_read_or_refused_but_never_half_read(tag: str, depth: int, config: IndexConfig) -> None:
    page = f"<p>Start of text.</p>{f'<{tag}>' * depth}the innermost words".encode()
    if depth > 1000:
        with pytest.raises(UnreadableFile, match="nested too deeply"):
            read("a.html", page, config)
    else:
        assert "the innermost words" in read("a.html", page, config).text


def test_control_characters_do_not_stop_the_parser() -> None:
    page = b"<p>One \x01\x0c&#1;&#xFFFE; two</p><nav>x</nav> \x02&#2; tail" + b"<p>Some more words.</p>" * 30
    text = read_html("a.html", page).text
    assert "tail" in text
    assert "\x01" not in text


def test_words_in_class_names_do_not_throw_the_article_away() -> None:
    text = "<p>The price of one share rose.</p>" * 3
    page = f'<body class="ads cookie"><div class="social-comments">{text}</div></body>'
    assert "price of one share" in read_html("a.html", page.encode()).text


def test_layout_tables_and_data_tables() -> None:
    page = "<table><caption>Trade</caption><tr><th>x</th><td></td></tr></table>"
    assert read_html("a.html", page.encode()).text == "Trade\n\nx"
    page = "<table><tr><td><p>One.</p><p>Two.</p></td></tr></table><table><tr><td>a</td><td>b<br>c</td></tr></table>"
    assert read_html("a.html", page.encode()).text == "One.\n\nTwo.\n\na | b c"
