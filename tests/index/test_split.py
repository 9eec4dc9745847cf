from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from index.records import Mark, Metadata, Reading
from index.split import Draft, header, readable_name, sentences_of, split

WORDS = """The cat_sat. Dr. U.S. e.g. ... !? 。 真的。 🎈 👩‍👩‍👧 -_ 1. “Yes.” " (see_3.) é अ।
    ؟ Mr._A._B._said_so. [1] Read_more . |"""
SPACES = [
    "\r\n",
    "\r\n\r\n",
    "\n",
    "\n\n",
    "\n \n",
    "\t",
    "\u2028",
    "\x85",
    "\x0c",
    "\u200b",
    "\xa0",
    "\u3000",
    "\ufeff",
    "\0",
]
LONG = ["x" * 750, "long " * 300, "# Heading\n\n", "word, " * 200]
PIECES = st.sampled_from([*(word.replace("_", " ") for word in WORDS.split()), *SPACES, *LONG, " "])
TEXTS = st.lists(PIECES | st.text(max_size=6), max_size=40).map("".join) | st.lists(PIECES, max_size=40).map(" ".join)
HUGE = {
    "one word": "x" * 100_000,
    "emoji": "🎈" * 50_000,
    "CRLF": "It rained all day long.\r\n" * 3_000,
    "dots": "." * 50_000,
    "short lines": "a.\n" * 20_000,
    "headings": "# Heading\n\n" * 2_000,
    "nothing": "",
    "white space": " \r\n\t\u2003" * 5_000,
    "no spaces": "北京的贸易增长了" * 5_000,
}


def words(text: str) -> int:
    return len(text.split()) + 2


def cut(text: str, marks: tuple[Mark, ...] = ()) -> list[Draft]:
    return split(Reading(text, "test-1", marks), "Title\n", 700, words, 512)


def check(text: str, drafts: list[Draft]) -> None:
    """Every character that is not white space lies in exactly one passage and one of its sentences, in order."""
    position = 0
    for draft in drafts:
        assert (draft.start, draft.end) == (draft.sentences[0].start, draft.sentences[-1].end)
        for sentence in draft.sentences:
            assert position <= sentence.start < sentence.end <= draft.end
            assert not text[position : sentence.start].strip()
            assert text[sentence.start : sentence.end] == text[sentence.start : sentence.end].strip()
            assert sentence.end - sentence.start <= 700
            position = sentence.end
    assert not text[position:].strip()


@settings(deadline=None)
@given(TEXTS, st.integers(200, 1600))
@example("A line.\n\n" + "." * 2000, 700)
def test_passages_and_sentences_tile_any_text(text: str, characters: int) -> None:
    drafts = split(Reading(text, "test-1"), "Title\n", characters, words, 512)
    check(text, drafts)
    assert split(Reading(text, "test-1"), "Title\n", characters, words, 512) == drafts


@settings(deadline=None)
@given(TEXTS, st.lists(st.integers(0, 300), max_size=5))
def test_headings_of_a_reader_lose_nothing(text: str, starts: list[int]) -> None:
    marks = tuple(Mark(start, "heading", "H") for start in sorted(starts))
    drafts = cut(text, marks)
    check(text, drafts)


@settings(deadline=None)
@given(TEXTS, TEXTS, TEXTS, st.lists(st.integers(0, 2000), max_size=3))
def test_what_stood_in_the_version_before_loses_nothing(before: str, same: str, after: str, sheets: list[int]) -> None:
    earlier = split(Reading(before + same, "test-1"), "Title\n", 300, words, 512)
    texts = [(before + same)[draft.start : draft.end] for draft in earlier]
    marks = tuple(Mark(start, "sheet", "S") for start in sorted(sheets))
    drafts = split(Reading(same + after, "test-1", marks), "Title\n", 300, words, 512, earlier=texts)
    check(same + after, drafts)
    for draft in drafts:  # a border begins a passage
        assert not any(draft.sentences[0].start < start <= draft.sentences[-1].start for start in sheets)


def test_the_same_text_is_cut_as_it_was() -> None:
    text = "\n\n".join(
        f"Paragraph {n} is about the bridge. It says more of it, and {n * n} things." for n in range(300)
    )
    plain = cut(text)
    texts = [text[draft.start : draft.end] for draft in plain]
    assert split(Reading(text, "test-1"), "Title\n", 700, words, 512, earlier=texts) == plain
    shifted = split(Reading(f"A new beginning.\n\n{text}", "test-1"), "Title\n", 700, words, 512, earlier=texts)
    assert len({draft.end - draft.start for draft in shifted[2:]} - {draft.end - draft.start for draft in plain}) == 0


def test_a_line_that_its_reader_calls_a_heading_is_one() -> None:
    text = "What the council said on Friday.\nIt said that the bridge is to be built."
    kinds = [sentence.kind for sentence in sentences_of(text, (Mark(0, "heading", "What the council said"),))]
    assert kinds == ["heading", "prose"]
    assert [sentence.kind for sentence in sentences_of(text)] == ["prose", "prose"]


@pytest.mark.parametrize("text", HUGE.values(), ids=list(HUGE))
def test_huge_and_odd_texts_are_split_in_a_moment(text: str) -> None:
    begun = time.perf_counter()
    drafts = cut(text)
    assert time.perf_counter() - begun < 8
    check(text, drafts)
    assert all(draft.end - draft.start <= 1400 for draft in drafts)


def test_the_time_grows_with_the_text_and_no_faster() -> None:
    def seconds(lines: int) -> float:
        text = "a line of a table; " + "\n".join("value 12; 13" for _ in range(lines))
        text += "\n \n" * lines
        begun = time.process_time()
        sentences_of(text)
        return time.process_time() - begun

    seconds(100)
    assert seconds(16_000) < 40 * max(seconds(1_000), 0.02)


@pytest.mark.models
@pytest.mark.parametrize(
    "text",
    [
        "北京的贸易增长了" * 200,
        "한국무역이성장했다" * 200,
        "🎈🎉" * 900,
        "a b c d e f g h " * 300,
        "x-1/y_2:" * 300,
        "The cat sat. " * 200,
    ],
)
@pytest.mark.parametrize("title", ["Trade\n", "한국의무역이성장했다" * 12 + "\n"])
def test_header_and_passage_fit_the_model(text: str, title: str, tokenizer: Tokenizer) -> None:
    def count(text: str) -> int:
        return len(tokenizer.encode(text).ids)

    drafts = split(Reading(text, "test-1"), title, 1600, count, 512)
    check(text, drafts)
    assert max(count(title + text[draft.start : draft.end]) for draft in drafts) <= 512


@pytest.fixture(scope="module")
def tokenizer(models_folder: object) -> Tokenizer:
    tokenizer: Tokenizer = Tokenizer.from_file(f"{models_folder}/bge-small-en-v1.5/tokenizer.json")
    tokenizer.no_truncation()
    return tokenizer


def test_kinds_are_told_apart() -> None:
    text = "Trade Report\n\nTrade grew by 26% last year. Nobody knew why.\n\nRead more about trade\n\n- 3 trams\n"
    kinds = [(text[s.start : s.end], s.kind) for s in sentences_of(text)]
    assert kinds == [
        ("Trade Report", "heading"),
        ("Trade grew by 26% last year.", "prose"),
        ("Nobody knew why.", "prose"),
        ("Read more about trade", "boilerplate"),
        ("- 3 trams", "prose"),
    ]


@pytest.mark.parametrize(
    "line",
    """10 min read|5 Min. Lesezeit|Share this article|Advertisement|Story continues below advertisement|Page 3 of 12|
    We use cookies to give you the best experience.|Sign up for our newsletter|You may also like|
    Lesen Sie auch: Der Turm|More from the Harbour Post|© 2024 The Harbour Post. All rights reserved.|
    Follow us on every channel|12 comments|Alle Rechte vorbehalten|Anzeige|Back to top|Related articles""".split("|"),
)
def test_what_stands_around_an_article_is_boilerplate(line: str) -> None:
    text = f"Trade grew by 26% last year.\n\n{line.strip()}\n\nNobody knew why."
    assert [s.kind for s in sentences_of(text)] == ["prose", "boilerplate", "prose"]


@pytest.mark.parametrize(
    "line",
    """We use cookies, said the baker, and flour too; what we do not use is sugar, since it has become so dear here.
    Nobody had expected that.|Anzeige gegen den Bürgermeister wurde erstattet.|Email was his only witness, he told us.|
    More from the sea than from the land came the smell that people spoke of on that day in the harbour.|
    Page 3 of the contract names another sum.|Comments were not wanted.|Print is dead, she wrote.""".split("|"),
)
def test_a_sentence_that_only_begins_so_is_none(line: str) -> None:
    assert {s.kind for s in sentences_of(" ".join(line.split()))} == {"prose"}


def test_even_a_heading_is_cut_where_it_is_too_long() -> None:
    text = "A very long heading, " * 200
    check(text, cut(text, (Mark(0, "heading", "A very long heading"),)))


def test_a_sentence_with_a_note_behind_it_is_no_heading() -> None:
    assert next(iter(sentences_of("Overall trade has grown by a quarter. [3]"))).kind == "prose"


def test_wrapped_lines_are_one_sentence() -> None:
    text = "The minister said on Friday that the overall trade of the\ncountry had grown by a quarter. It had not."
    assert [text[s.start : s.end] for s in sentences_of(text)] == [text[:90].strip(), "It had not."]


def test_a_heading_begins_a_passage_and_names_its_place() -> None:
    body = "The cat sat on the mat and looked at the rain outside. " * 6
    first, second = cut(f"First Part\n\n{body}\n\nSecond Part\n\n{body}")
    assert (first.place.heading, second.place.heading) == ("First Part", "Second Part")


def test_headers_are_readable_and_leave_room() -> None:
    assert (
        header(Metadata(title="Trade", publisher="The Post", published="2024"), "a.txt") == "Trade (The Post, 2024)\n"
    )
    assert header(Metadata(), "044_green_fields.txt") == "green fields\n"
    assert len(header(Metadata(title="long " * 900, publisher="long " * 900), "a.txt")) < 400


@given(st.text(min_size=1, max_size=60))
def test_any_name_is_readable(name: str) -> None:
    assert readable_name(name)


@pytest.mark.parametrize(
    "text",
    [
        "He was succeeded by Ms. Ada Roe.",
        "The board heard Atty. Orr, Amb. Lind and Cllr. Moss.",
        "It cost approx. 40 crowns, says Vol. 3, Ch. 2 and Figs. 4 and 5.",
        "She is a Ph.D. Student of art.",
        "Ms.",
    ],
)
def test_an_abbreviation_ends_no_sentence(text: str) -> None:
    whole = f"It rained. {text} Then it snowed."
    expected = ["It rained.", text, "Then it snowed."] if text != "Ms." else ["It rained.", "Ms. Then it snowed."]
    assert [whole[s.start : s.end] for s in sentences_of(whole)] == expected
    assert [text[s.start : s.end] for s in sentences_of(text)] == [text]


def test_may_is_no_abbreviation() -> None:
    text = "It began in May. Ann Roe left in May. In May 2020 it ended."
    assert [text[s.start : s.end] for s in sentences_of(text)] == [
        "It began in May.",
        "Ann Roe left in May.",
        "In May 2020 it ended.",
    ]
