"""What the page shows, without a browser."""

from __future__ import annotations

import re
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import put, put_file

from index.errors import Overloaded
from index.records import Document, Filter, Metadata, Passage, Place
from index.shelf import Shelf
from rag.answers import Answer, Citation, Statement
from ui.page import answers, markup, pictures, reader, sources, texts
from ui.page.suggestions import candidates
from ui.page.texts import ENGLISH, GERMAN
from ui.phrases import PHRASES

TEXT = "[1] Reuters said so. [2]\nA second line."
DOCUMENT = Document(
    "d_1", "v_1", "o_1", "a.txt", "upload:a.txt", Metadata("A", "B"), "text/plain", len(TEXT), 1, "2026-01-01T00:00:00Z"
)
PASSAGE = Passage("p_1", "d_1", "v_1", 0, 0, len(TEXT), TEXT, Place(), ())
CITATION = Citation(1, "cited", TEXT[:20], 0, 20, Place(3, 4, "Heading"), DOCUMENT, PASSAGE)
ANSWER = Answer(
    "a_1", "Q?", "Q?", "default", "extractive", 0.9, f"{TEXT[:20]} [1] [7]",
    (Statement(TEXT[:20], 0, 20, (1,), "supported", 1),), (CITATION,),
)  # fmt: skip


def test_only_our_own_markers_become_links() -> None:
    shown = answers.answer(ENGLISH, ANSWER)
    assert shown.count('class="cite"') == 1
    assert '<span class="statement supported">[1] Reuters said so.</span> <a class="cite"' in shown
    assert "[7]" in shown


@given(st.text(st.sampled_from("<>&\"'\n\r\t\u2028\x85`*_[]()$\\ ab"), max_size=60))
def test_no_text_leaves_its_block_or_its_attribute(text: str) -> None:
    escaped = markup.escape(text)
    assert not set(escaped) & set("<>\"'\n\r\t\u2028\x85")


@given(st.text(max_size=40))
def test_every_place_of_a_document_is_escaped(words: str) -> None:
    metadata = Metadata(f"{words}<i>", f"{words}<i>", f"{words}<i>", f"{words}<i>")
    document = replace(DOCUMENT, name=f"{words}<i>", metadata=metadata)
    citation = replace(CITATION, document=document, place=Place(heading="<i>"))
    answer = replace(ANSWER, question="<i>", standalone_question=f"{words}<i>", citations=(citation,))
    for shown in (
        answers.answer(ENGLISH, answer), reader.removing(GERMAN, document), reader.correcting(ENGLISH, document),
        answers.question(ENGLISH, f"{words}<i>", "q1"), markup.notice("<i>", "<i>"),
        answers.welcome(GERMAN, "<i>", 1),
    ):  # fmt: skip
        assert "<i>" not in shown
        assert "\n" not in shown


@pytest.mark.parametrize(
    ("published", "words", "german"),
    [
        ("2024-05-17", "17 May 2024", "17. Mai 2024"),
        ("2024-05", "May 2024", "Mai 2024"),
        ("2024", "2024", "2024"),
        ("2024-99", "2024-99", "2024-99"),
    ],
)
def test_dates_are_written_as_people_do(published: str, words: str, german: str) -> None:
    assert ENGLISH.date(published) == words
    assert GERMAN.date(published) == german


def test_every_language_says_everything_and_fills_the_same_gaps() -> None:
    assert PHRASES.keys() == texts.LANGUAGES.keys()
    for language in texts.LANGUAGES.values():
        for name, words in asdict(language).items():
            english = asdict(ENGLISH)[name]
            assert words, name
            assert isinstance(words, str) == isinstance(english, str)
            assert sorted(re.findall(r"\{\w+\}", str(words))) == sorted(re.findall(r"\{\w+\}", str(english))), name


@pytest.mark.parametrize(
    ("headers", "language"),
    [
        ([("accept-language", "de-DE,de;q=0.9,en;q=0.8")], "de"),
        ([("accept-language", "fr,en;q=0.5")], "en"),
        ([("accept-language", "de"), ("cookie", "a=b; dossier_language=en")], "en"),
        ([("cookie", "dossier_language=<xx>")], "en"),
        ([], "en"),
    ],
)
def test_the_language_is_the_chosen_one_else_the_browsers(headers: list[tuple[str, str]], language: str) -> None:
    assert texts.of_request(headers).language == language


def test_card_shows_its_place_and_the_exact_quote() -> None:
    shown = answers.answer(ENGLISH, ANSWER)
    assert "<mark>[1] Reuters said so.</mark> [2]&#10;A second line." in shown
    assert "pages 3–4" in shown
    assert 'href="#read-d_1-v_1-0-20-0-39"' in shown


def test_unsupported_and_unchecked_are_told_apart_by_words_and_signs() -> None:
    for support, told in (("unsupported", "△ not proved"), ("unchecked", "? not checked")):
        statement = replace(ANSWER.statements[0], support=support)  # type: ignore[arg-type]
        assert told in answers.answer(ENGLISH, replace(ANSWER, statements=(statement,)))


def test_long_document_is_cut_around_its_quote_and_leads_on(shelf: Shelf) -> None:
    text = "word line\n" * 5_000 + "THE QUOTE\n" + "more line\n" * 5_000
    put(shelf, "default", "long.txt", text)
    (document,), _ = shelf.documents("default")
    start = shelf.text(document.id).index("THE QUOTE")
    shown = reader.reading(ENGLISH, shelf, reader.Spot(document.id, None, start, start + 9))
    assert '<mark id="quote-mark" tabindex="-1">THE QUOTE</mark>' in shown
    assert "Show the text before" in shown
    assert len(shown) < 95_000
    begin = int(re.findall(r"#from-[^\"]*-(\d+)\"", shown)[-1])
    onward = reader.reading(ENGLISH, shelf, reader.Spot(document.id, None, begin=begin))
    assert "more line" in onward


def test_reader_shows_headings_tables_and_the_passage_around_the_quote(shelf: Shelf) -> None:
    put_file(
        shelf, "default", "t.md", b"# Costs\n\nSome words before.\n\n| Year | Crowns |\n|---|---|\n| 2023 | 412 |\n"
    )
    (document,), _ = shelf.documents("default")
    text = shelf.text(document.id)
    start = text.index("412")
    spot = reader.Spot(document.id, document.version, start, start + 3, (text.index("Some"), len(text)))
    shown = reader.reading(ENGLISH, shelf, spot)
    assert "<h3>Costs</h3>" in shown
    assert '<th><span class="around">Year</span></th>' in shown
    assert 'tabindex="-1">412</mark></td>' in shown
    assert '<span class="around">Some words before.</span>' in shown


def test_reader_says_what_has_become_of_a_document(shelf: Shelf) -> None:
    put(shelf, "default", "a.txt", "The old words stand here.")
    (old,), _ = shelf.documents("default")
    put(shelf, "default", "a.txt", "Quite other words stand here.")
    shown = reader.reading(ENGLISH, shelf, reader.Spot(old.id, old.version, 0, 8))
    assert "You see it as it was cited" in shown or "no longer kept" in shown
    shelf.remove_document(old.id)
    assert "has been deleted" in reader.reading(ENGLISH, shelf, reader.Spot(old.id))


def test_list_is_searched_sorted_filtered_and_cut_into_steps(shelf: Shelf) -> None:
    put(shelf, "default", "a.txt", "One.", Metadata("Alpha report", "Post", None, "2024-05-01", "given"))
    put(shelf, "default", "b.txt", "Two, and longer.", Metadata("Beta", "Times", None, "2023", "given"))
    put(shelf, "default", "c.txt", "Three.", Metadata("Gamma"))

    def titles(**wanted: object) -> list[str]:
        found = sources.listing(ENGLISH, shelf, sources.Wanted("default", **wanted))  # type: ignore[arg-type]
        return re.findall(r'class="title">([^<]+)<', str(found["rows"]))

    assert titles() == ["Gamma", "Beta", "Alpha report"]
    assert titles(sort="newest") == ["Alpha report", "Beta", "Gamma"]
    assert titles(sort="oldest")[0] == "Beta"
    assert titles(sort="longest")[0] == "Beta"
    assert titles(sort="title") == ["Alpha report", "Beta", "Gamma"]
    assert titles(search="report post") == ["Alpha report"]
    assert titles(filter=Filter(publishers=("Times",))) == ["Beta"]
    assert titles(filter=Filter(published_from="2024", undated=False)) == ["Alpha report"]
    assert "No document fits" in str(sources.listing(ENGLISH, shelf, sources.Wanted("default", "zzz"))["rows"])
    assert sources.listing(ENGLISH, shelf, sources.Wanted("nowhere"))["total"] == 0


def test_questions_are_made_of_what_the_documents_say() -> None:
    text = (
        "The bridge will cost 480 million crowns. Mara Quill resigned on Friday. Doran Pell, a former welder, waited. "
        "Four workers were injured. According to Ysolde Marn the memo was lost. The Monday said nothing."
    )
    assert set(candidates([text])) >= {
        "What will the bridge cost?",
        "Why did Mara Quill resign?",
        "Who is Doran Pell?",
        "How many workers were injured?",
    }
    assert "Was sagte Jana Weber?" in set(candidates(["„Das stimmt“, sagte Jana Weber."]))
    assert not [one for one in candidates([text]) if "Monday" in one]


def test_pictures_hold_links_titles_and_the_pages_own_colours() -> None:
    documents = [
        replace(DOCUMENT, id=f"d_{n}", metadata=Metadata(f"T<{n}> $x$", f"P{n % 2}", None, f"20{20 + n}-05-17"))
        for n in range(5)
    ]
    vectors = np.random.default_rng(1).normal(size=(5, 8)).astype(np.float32)
    cited = frozenset(("d_1",))
    known = {document.id: document for document in documents}
    for drawn, links in (
        (pictures.timeline(ENGLISH, documents, cited), 5),
        (pictures.likeness_map(ENGLISH, documents, vectors, cited), 5),
        (pictures.coverage(ENGLISH, [("d_1", "d_2"), ("d_1",)], known), 3),
    ):
        assert drawn.startswith('<svg class="picture"')
        assert drawn.count('<a href="#document-d_') == links
        assert 'aria-label="T&lt;1&gt; $x$"' in drawn
        assert "var(--accent)" in drawn
        assert not re.search(r"#0[1-6]0[1-6]0[1-6]|https?://(?!www\.w3\.org)", drawn)
    assert pictures.timeline(ENGLISH, [DOCUMENT], cited) == ""
    assert pictures.likeness_map(ENGLISH, documents[:2], vectors[:2], cited) == ""
    assert pictures.coverage(ENGLISH, [()], {}) == ""


def test_error_is_shown_with_what_mends_it() -> None:
    shown = markup.problem(Overloaded("Too many.", "Ask again in 3 s."))
    assert "Too many." in shown
    assert "Ask again in 3 s." in shown
