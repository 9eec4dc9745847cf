from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from stand_ins import FakeRag, answer_from, citation_of, hit_of

from index.records import Document, Hit, Metadata, Place
from rag.answers import Answer, Ask, Disagreement, Twin, Value
from rag.answers import Warning as AnswerWarning
from ui.show import answer_html, answer_markdown, answer_text, passages_html, visible
from ui.unwire import answer_of

HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "' onmouseover='alert(1)' x='",
    '"><svg/onload=alert(1)>',
    "</mark></blockquote><h1>forged</h1>",
    "![x](https://evil.example/x.png)",
    "[click](javascript:alert(1))",
    "[1]: https://evil.example\n[click][1]",
    "<https://evil.example>",
    "https://evil.example/?q=secret",
    "`code` ~~x~~ **bold** _it_ # heading",
    "# heading\n\n- list\n1. one\n---\n| a | b |\n|---|---|\n| c | d |",
    "> quote\n\n    code\n```\nfence",
    "&lt;script&gt; &#60;script&#62;",
    "[2] Reuters says [1]",
    "\x1b[2J\x1b]0;title\x07",
    "abc\u202egnp.exe\u2066",
    "$$\\href{javascript:alert(1)}{x}$$",
    "\\",
    "\\[x](y)",
]


def document(text: str = "title", **known: str | None) -> Document:
    return Document("d_1", "v_1", "o_1", text, f"upload:{text}", Metadata(**known), "text/plain", 1, 1, "2026")


def answer_with(text: str) -> Answer:
    """An answer in which the text stands in every place that an answer has."""
    known = document(text, title=text, publisher=text, published="2024-05-17")
    body = f"before {text} and {text} after"
    hit = hit_of(known, body)
    start = body.index(text)
    citation = replace(
        citation_of(hit, text, 1, twins=(Twin(document(text), 0, 1),)),
        start=start,
        end=start + len(text),
        place=Place(2, 3, text),
    )
    answer = answer_from(Ask(text), (hit,))
    return replace(
        answer,
        question=text,
        text=f"{text} [1]",
        statements=(replace(answer.statements[0], text=text, end=len(text)),),
        citations=(citation,),
        missing=(text,),
        warnings=(AnswerWarning("old", text),),
        disagreements=(Disagreement(text, (Value(text, (1,)),)),),
    )


class Seen(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text = ""
        self.marked: list[str] = []
        self._mark = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self._mark = tag == "mark"

    def handle_endtag(self, tag: str) -> None:
        self._mark = False

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._mark:
            self.marked.append(data)


@pytest.mark.parametrize("text", HOSTILE)
def test_html_has_only_our_tags_and_attributes(text: str) -> None:
    seen = Seen(answer_html(answer_with(text)) + passages_html(answer_with(text)))
    assert seen.tags <= {
        "section",
        "p",
        "span",
        "a",
        "em",
        "div",
        "ul",
        "li",
        "h2",
        "article",
        "b",
        "blockquote",
        "mark",
    }
    assert {(tag, name) for tag, name, _ in seen.attributes} <= {
        *((tag, "class") for tag in ("section", "p", "span", "a", "em", "div", "article")),
        ("section", "id"),
        ("article", "id"),
        ("a", "href"),
    }
    assert {value for tag, _, value in seen.attributes if tag == "a"} == {"cite", "#answer-a_1-1"}
    assert "".join(char for char in text if char.isprintable())[:20] in seen.text.replace("\n", "") or "\u202e" in text


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_of_an_answer_has_nothing_live(text: str) -> None:
    markdown = answer_markdown(answer_with(text))
    page = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown)
    seen = Seen(page)
    assert seen.tags <= {"p", "strong", "em", "ul", "li", "h2", "blockquote"}
    assert seen.attributes == []
    assert "://evil" not in markdown


@pytest.mark.parametrize("text", HOSTILE)
def test_text_for_a_terminal_steers_nothing(text: str) -> None:
    shown = answer_text(answer_with(text))
    assert not any(char in shown for char in "\x1b\x07\u202e\u2066\r")


@settings(deadline=None)  # a busy machine is no failure
@given(st.text(min_size=1).filter(lambda text: visible(text).strip()))
def test_no_text_breaks_out(text: str) -> None:
    answer = answer_with(text)
    seen = Seen(answer_html(answer) + passages_html(answer))
    assert "script" not in seen.tags
    assert {name for _, name, _ in seen.attributes} <= {"class", "id", "href"}
    page = MarkdownIt("commonmark", {"html": True}).render(answer_markdown(answer))
    assert Seen(page).tags <= {"p", "strong", "em", "ul", "li", "h2", "blockquote"}
    answer_text(answer)


def test_a_number_inside_a_quote_is_not_made_a_link() -> None:
    answer = answer_with("Reuters says [1]")
    seen = Seen(answer_html(replace(answer, disagreements=())))
    assert [value for tag, name, value in seen.attributes if name == "href"] == ["#answer-a_1-1"]


def test_a_number_without_a_citation_is_no_link() -> None:
    answer = answer_with("Trade grew.")
    assert "[7]</p>" in answer_html(replace(answer, text=answer.text + " [7]", disagreements=()))


def test_line_breaks_in_a_title_become_spaces() -> None:
    assert visible("a\nb\r\nc\td") == "a b  c d"
    assert visible("a\nb", keep_breaks=True) == "a\nb"


def test_the_quote_is_marked_where_it_stands() -> None:
    hit = hit_of(document(), "It rained. It rained again. It rained.")
    second = replace(citation_of(hit, "It rained.", 1), start=28, end=38)
    answer = replace(answer_from(Ask("?"), (hit,)), citations=(second,))
    assert "It rained. It rained again. <mark>It rained.</mark>" in passages_html(answer)


def test_an_answer_has_its_sources_in_full() -> None:
    answer = answer_with("Trade grew.")
    text = answer_text(answer)
    assert "[1] Trade grew., 2024-05-17, Trade grew., pages 2–3, Trade grew." in text
    assert "“Trade grew.”" in text
    assert "also in Trade grew." in text
    assert "The sources disagree about Trade grew.:" in text


def test_declining_names_what_is_missing_and_what_is_near() -> None:
    answer = answer_from(Ask("nonsense"), (hit_of(document(), "The bridge was lifted."),))
    for shown in (answer_text(answer), answer_html(answer) + passages_html(answer), answer_markdown(answer)):
        assert "The documents do not answer this question" in shown
        assert "when the ferry ran" in shown
        assert "The nearest passages, which do not answer it" in shown
        assert "The bridge was lifted" in shown


@pytest.mark.parametrize(("support", "told"), [("unsupported", "not proved"), ("unchecked", "not checked")])
def test_what_is_not_proved_is_told(support: str, told: str) -> None:
    answer = answer_with("Trade grew.")
    answer = replace(answer, statements=(replace(answer.statements[0], support=support),))
    assert told in answer_html(answer)
    assert told in answer_markdown(answer)
    assert told in answer_text(answer)


def test_paragraphs_and_spaces_between_statements_stay() -> None:
    rag = FakeRag()
    rag.shelf.create_dossier("default")
    hits: tuple[Hit, ...] = (hit_of(document(), "One."), hit_of(document(), "Two."))
    markdown = answer_markdown(answer_from(Ask("?"), hits))
    assert "One\\. \\[1\\] Two\\. \\[2\\]" in markdown


def test_an_answer_survives_the_wire() -> None:
    for answer in (answer_with("Trade grew."), answer_from(Ask("nonsense"), ()), answer_from(Ask("?"), ())):
        assert answer_of(answer.to_json()).to_json() == answer.to_json()
    aside = replace(answer_from(Ask("hello"), ()), text="Hello.", is_aside=True)
    assert answer_of(aside.to_json()).standing == "aside"
    assert "Hello." in answer_text(aside)
