from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from index.split import sentences_of
from rag.answers import Window
from rag.extract import (
    LONGEST_QUOTE,
    choose,
    is_broad,
    judge,
    may_differ,
    rerank_passages,
    shortlist,
    trim,
    windows_of,
    without,
)
from rag.question import understand
from tests.fakes import FakeReranker
from tests.rag.made import document, hit, window

COST = "The bridge costs 318 million crowns. It was approved in March. The council voted by hand."
STORM = "A storm closed the harbour. Ferries stayed in port until Sunday."
TEXTS = st.lists(
    st.sampled_from(["The bridge costs 318 crowns.", "It opened.", "Costs\n\n", "\n\n", "x" * 800, "🎈!", "北京。"])
    | st.text(max_size=9),
    max_size=25,
).map(" ".join)


def stands(window: Window) -> bool:
    passage = window.hit.passage
    inside = passage.start <= window.start <= window.focus < window.end <= passage.end
    return inside and passage.text[window.start - passage.start : window.end - passage.start] == window.text


@given(TEXTS, st.integers(0, 5000))
def test_windows_are_the_text_itself_and_short_enough_to_quote(text: str, start: int) -> None:
    windows = windows_of([hit(text, start=start)])
    prose = [sentence for sentence in sentences_of(text) if sentence.kind == "prose"]
    assert [window.focus - start for window in windows] == [sentence.start for sentence in prose]
    assert all(stands(window) and len(window.text) <= LONGEST_QUOTE for window in windows)


@given(TEXTS, st.text(max_size=30))
def test_what_is_chosen_and_trimmed_is_the_text_itself(text: str, asked: str) -> None:
    question = understand(f"What does the bridge cost {asked}?")
    windows = windows_of([hit(text), hit(COST, document("d_2"))])
    judged = judge(question, shortlist(question, windows, 16), FakeReranker())
    chosen = choose(question, judged, 3)
    drafts = trim(question, chosen, FakeReranker())
    assert 1 <= len(drafts) <= len(chosen) <= 3
    for draft in drafts:
        (window,) = draft.evidence
        assert stands(window)
        assert draft.text == window.text
        assert len(draft.text) <= LONGEST_QUOTE


def test_headings_and_boilerplate_are_never_windows() -> None:
    text = "The bridge\n\nRead more about the bridge\n\nIt costs 318 million crowns in all, the council said."
    (window,) = windows_of([hit(text)])
    assert window.text == "It costs 318 million crowns in all, the council said."


def test_the_shortlist_keeps_what_shares_rare_words() -> None:
    question = understand("When did ferries stay in port?")
    windows = windows_of([hit(COST), hit(STORM, document("d_2"))])
    assert shortlist(question, windows, 1)[0].text.endswith("Ferries stayed in port until Sunday.")
    assert len(shortlist(question, windows, 99)) == len(windows)


def test_the_order_of_what_was_found_does_not_matter_where_scores_are_equal() -> None:
    windows = windows_of([hit(STORM, document("d_2")), hit(STORM, document("d_1"))])
    forwards, backwards = (
        judge(understand("Which ferries?"), order, FakeReranker()) for order in (windows, windows[::-1])
    )
    assert forwards == backwards


def test_the_same_words_of_two_documents_are_quoted_once() -> None:
    question = understand("What does the bridge cost?")
    windows = windows_of([hit(COST), hit(COST, document("d_2"))])
    chosen = choose(question, judge(question, windows, FakeReranker()), 8)
    assert len({window.text for window in chosen}) == len(chosen)


def test_reranking_keeps_every_passage_and_puts_the_fitting_one_first() -> None:
    hits = [hit(STORM, document("d_1"), score=0.5), hit(COST, document("d_2"), score=0.5)]
    hits += [hit("Nothing to see.", document(f"d_{n}"), score=0.1) for n in range(3, 30)]
    ranked = rerank_passages("What does the bridge cost?", hits, FakeReranker())
    assert ranked[0].document.id == "d_2"
    assert {one.passage.id for one in ranked} == {one.passage.id for one in hits}
    assert {one.stage for one in ranked} == {"reranked"}
    assert [one.score for one in ranked] == sorted((one.score for one in ranked), reverse=True)


def test_a_question_about_several_sources_hears_a_second_one() -> None:
    question = understand("How do the articles describe the balance of the two partners?")
    first = window("The balance between the partners is described as unequal.", document("d_1"), 5.0)
    again = window("Nobody described the balance of the partners in other words.", document("d_1"), 2.5)
    second = window("One partner needs the other, which shifts the balance.", document("d_2"), 0.5)
    silent = window("The weather was described as mild.", document("d_3"), -8.0)
    chosen = choose(question, [first, again, second, silent], 8)
    assert [one.hit.document.id for one in chosen] == ["d_1", "d_2"]
    one_source = understand("How is the balance of the two partners described?")
    assert [one.hit.document.id for one in choose(one_source, [first, second, silent], 8)] == ["d_1"]


def test_several_things_are_gathered_from_all_windows() -> None:
    asked = (
        "Compare Orrin and Castell.",
        "Which firms bid?",
        "What do the articles say of it?",
        "Summarise the report.",
    )
    assert all(is_broad(understand(text)) for text in asked)
    assert not any(is_broad(understand(text)) for text in ("How long is it?", "Who won?", "Why was it late?"))


def test_only_another_documents_value_is_looked_for_behind_a_clear_answer() -> None:
    best, other = window(COST, document("d_1"), 9.0), window("It costs 331 million.", document("d_2"))
    assert may_differ(understand("How much does it cost?"), best, other)
    assert not may_differ(understand("How much does it cost?"), best, window("It costs 331.", document("d_1")))
    assert not may_differ(understand("How much does it cost?"), best, window("It costs too much.", document("d_2")))
    assert not may_differ(understand("Who pays for it?"), best, other)
    assert not may_differ(understand("How long is the old town hall?"), best, other), "it speaks of something else"


def test_what_is_left_of_a_quote_beside_what_is_cited() -> None:
    text = "Forces are resolved at right angles. One points north. Another points east."
    whole = replace(windows_of([hit(text)])[-1], start=0, text=text, logit=3.0)
    north, east = text.index("One"), text.index("Another")

    def left(*cited: tuple[int, int], document: str = "d_1") -> str | None:
        rest = without(whole, [(document, *span) for span in cited])
        assert rest is None or (rest.logit == 3.0 and text[rest.start : rest.end] == rest.text)
        return rest and rest.text

    assert left() == text
    assert left((0, 10), document="d_2") == text
    assert left((north, len(text))) == "Forces are resolved at right angles."
    assert left((0, 5)) == "One points north. Another points east."
    assert left((north, north + 3)) == text, "what lies between is quoted with it"
    assert left((0, north), (east, len(text))) == "One points north."
    assert left((0, len(text))) is None
