"""A conversation as a file: everything is there, and nothing of a document, a title or a name is live."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from index.records import Conversation, Document, KeptAnswer, Metadata, Passage, Place
from rag.answers import Answer, Citation, Disagreement, Statement, Value
from rag.answers import Warning as AnswerWarning
from ui.conversations import title_of
from ui.conversations_export import FORMATS, export
from ui.phrases import ENGLISH, PHRASES

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src="http://evil.example/x.png" onerror=alert(1)>',
    "![x](http://evil.example/x.png)",
    "[click](javascript:alert(1))",
    "<http://evil.example/>",
    "[^1-1]: a forged note",
    "[^1-1]",
    "[1]: http://evil.example 'x'",
    "</style><style>@import url(http://evil.example)</style>",
    "</title><base href=http://evil.example>",
    "# not a heading\n\n    code\n\n| a | b |",
    "```html\n<b>x</b>\n```",
    "<!-- --><svg/onload=alert(1)>",
    "&lt;b&gt; &#60;b&#62;",
    "\u202eturned\u2066 around\u0007",
    "https://evil.example/auto and www.evil.example",
    "$$\\href{http://evil.example}{x}$$",
]
ALLOWED = set("html head meta title style body h1 h2 p sup a section ol li q em div ul blockquote".split())


def conversation_of(words: str) -> tuple[Conversation, list[KeptAnswer]]:
    """Use the words wherever somebody else chose them."""
    metadata = Metadata(words, words, words, "2024-05-17", "given")
    document = Document("d_1", "v_1", "c_1", words, f"upload:{words}", metadata, "text/plain", 9, 1, "")
    quote = f"{words} is a quote."
    passage = Passage("p_1", "d_1", "v_1", 0, 0, len(quote), quote, Place(heading=words), ())
    cited = Citation(1, "cited", quote, 0, len(quote), Place(2, 2, words), document, passage)
    lead = "One document:\n\n"
    text = f"{lead}{quote} [1] (Post, 2024)"
    statement = Statement(quote, len(lead), len(lead) + len(quote), (1,), "supported", 0.9)
    answer = Answer(
        "a_1", words, f"{words} again", words, "extractive", 0.9, text, (statement,), (cited,),
        missing=(words,), disagreements=(Disagreement(words, (Value(words, (1,)),)),),
        warnings=(AnswerWarning("x", words),),
    )  # fmt: skip
    declined = Answer("a_2", words, words, "d", "extractive", 0.1, "", nearest=(cited,), missing=(words,))
    turns = [
        KeptAnswer(one.id, "t_1", "2026-01-02T03:04:05.000006Z", one.to_json(), None) for one in (answer, declined)
    ]
    return Conversation("t_1", words, "", "", 2, words), turns


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("words", HOSTILE)
def test_the_page_holds_nothing_live(words: str) -> None:
    page = export(*conversation_of(words), "html").content.decode()
    seen = Seen()
    seen.feed(page)
    assert {tag for tag, _ in seen.tags} <= ALLOWED
    for tag, attributes in seen.tags:
        assert not any(name.startswith("on") or name in ("src", "style", "action", "srcset") for name in attributes)
        if "href" in attributes:
            assert tag == "a"
            assert re.fullmatch(r"#note-\d+-\d+", attributes["href"] or "")
    links = {str(attributes["href"])[1:] for tag, attributes in seen.tags if tag == "a"}
    assert links <= {str(attributes["id"]) for _, attributes in seen.tags if "id" in attributes}
    policy = next(a["content"] for t, a in seen.tags if t == "meta" and a.get("http-equiv"))
    assert str(policy).startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert page.count("<style>") == page.count("</style>") == 1


@pytest.mark.parametrize("words", HOSTILE)
def test_the_markdown_holds_nothing_live(words: str) -> None:
    text = export(*conversation_of(words), "markdown").content.decode()
    shown = MarkdownIt("gfm-like", {"linkify": False}).render(text)
    assert not re.search(r"<(?:a|img|script|svg|style|base|table|pre|code)\b", shown)
    assert len(re.findall(r"^\[\^1-1\]: ", text, re.MULTILINE)) == 1
    assert len(re.findall(r"^\[\^", text, re.MULTILINE)) == 1  # no note was forged
    assert len(re.findall(r"^#", text, re.MULTILINE)) == 3
    assert "\u202e" not in text
    assert "\u0007" not in text


def test_every_form_tells_the_same() -> None:
    conversation, turns = conversation_of("Trade grew")
    made = {form: export(conversation, turns, form) for form in FORMATS}
    assert {one.name for one in made.values()} == {"Trade grew.md", "Trade grew.html", "Trade grew.json"}
    markdown = made["markdown"].content.decode()
    assert "Trade grew is a quote\\.[^1-1] \\(Post, 2024\\)" in markdown
    assert "[^1-1]: “Trade grew is a quote\\.” Trade grew, 2024\\-05\\-17, Trade grew, page 2, Trade grew" in markdown
    assert "2 questions, 2026\\-01\\-02" in markdown
    page = made["html"].content.decode()
    assert "<q>Trade grew is a quote.</q> Trade grew, 2024-05-17, Trade grew, page 2, Trade grew</li>" in page
    assert 'Trade grew is a quote. <sup><a href="#note-1-1">[1]</a></sup> (Post, 2024)' in page
    content = json.loads(made["json"].content)
    assert [turn["answer"] for turn in content["turns"]] == [turn.content for turn in turns]
    assert content["conversation"]["title"] == "Trade grew"


def test_a_title_is_the_first_question_on_one_line() -> None:
    assert title_of("  What\n changed? ") == "What changed?"
    long = title_of("word " * 40)
    assert len(long) <= 80
    assert long.endswith("word…")
    assert title_of("x" * 200) == "x" * 79 + "…"


def test_fixed_words_are_in_the_language_that_was_asked_for() -> None:
    words = "Bridges"
    conversation, turns = conversation_of(words)
    for form in ("html", "markdown"):
        english = export(conversation, turns, form).content.decode()
        german = export(conversation, turns, form, PHRASES["de"]).content.decode()
        assert ENGLISH.standings["grounded"] not in german
        assert "Frage" in german
        assert "question" in english
        assert german.count(words) == english.count(words) > 0, "what was asked and answered stays as it was"
    assert '<html lang="de">' in export(conversation, turns, "html", PHRASES["de"]).content.decode()


def test_every_language_has_words_for_everything() -> None:
    for phrases in PHRASES.values():
        assert phrases.standings.keys() == ENGLISH.standings.keys()
        assert phrases.support.keys() == ENGLISH.support.keys()
