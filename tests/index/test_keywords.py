from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import IndexDamaged
from index.keywords import K1, TITLE_WEIGHT, TOKEN, B, Entry, Keywords, terms_of, tokens_of

TEXTS = (
    "Overall trade has increased by 26%, the minister said.",
    "The minister of trade disagreed: trade is not everything.",
    "Zürich's cafés are closed on Sundays.",
    "北京的贸易增长了。",
    "A number such as 1,234.5 is one word; 3G is another.",
)


def entries(texts: tuple[str, ...] = TEXTS) -> list[Entry]:
    return [Entry(key, key // 2, text, f"Title {key}") for key, text in enumerate(texts, 10)]


@pytest.fixture
def words(tmp_path: Path) -> Keywords:
    return Keywords.build(tmp_path / "words", entries(), 7)


def test_words_are_found_by_stem_without_accents_and_case(words: Keywords) -> None:
    assert words.candidates("INCREASING", 5) == [10]
    assert words.candidates("zurich cafe", 5) == [12]
    assert words.candidates("贸易", 5) == [13]
    assert words.candidates("1,234.5", 5) == [14]
    assert words.candidates("nowhere", 5) == []


def test_only_the_named_documents_are_found(words: Keywords) -> None:
    assert words.candidates("minister trade title", 9, {6}) == [12, 13]
    assert words.candidates("minister", 9, set()) == []


@given(st.text() | st.sampled_from(['"', "a:b", "title:x AND (", "trade~2^3 -minister +", "[a TO z]", "*", "\\", "^"]))
def test_no_question_raises(text: str) -> None:
    terms = terms_of(text)
    assert all(term and not term.isspace() for term in terms)


@pytest.mark.parametrize(
    "question", ['"', "text:trade AND (", "trade~2^3 -minister +", "[a TO z]", "\\ *", "", "x" * 9999]
)
def test_operators_are_only_characters(words: Keywords, question: str) -> None:
    assert (10 in words.candidates(question, 5)) == ("trade" in question)


def test_scores_equal_bm25_written_down_plainly(words: Keywords) -> None:
    texts = [terms_of(text) for text in TEXTS]
    usual = sum(map(len, texts)) / len(texts)

    def plain(question: str, text: list[str]) -> float:
        score = 0.0
        for term in set(terms_of(question)):
            within = sum(term in other for other in texts)
            often = text.count(term)
            rarity = math.log(1 + (len(texts) - within + 0.5) / (within + 0.5))
            score += rarity * often * (K1 + 1) / (often + K1 * (1 - B + B * len(text) / usual))
        return score

    question = "What did the minister of trade say about trade?"
    scores = words.score(question, entries())
    assert scores == pytest.approx([plain(question, text) for text in texts])
    assert TITLE_WEIGHT > 0
    assert words.score("title", entries())[0] > 0


def test_scores_after_removals_are_those_of_an_index_built_anew(words: Keywords, tmp_path: Path) -> None:
    words.apply([10, 13], [Entry(20, 9, "Trade again, and trade.", "")], 8)
    left = [*entries()[1:3], entries()[4], Entry(20, 9, "Trade again, and trade.", "")]
    anew = Keywords.build(tmp_path / "anew", left, 8)
    assert words.score("minister trade", left) == anew.score("minister trade", left)
    assert set(words.candidates("trade", 9)) == set(anew.candidates("trade", 9)) == {11, 20}


@given(st.text() | st.text("12ab.,_ -’“é١\x00\x01\x02\x1c\u00a0\u2003\ud800"))
def test_the_quick_way_of_cutting_a_text_gives_the_same_words(text: str) -> None:
    assert tokens_of(text) == TOKEN.findall(text)


@pytest.mark.parametrize("text", ["1,000.5 or a1.5.6 and 3.5km", "“Trade” – up 2.5% …", "x_1.5, 7. 8,9."])
def test_numbers_are_cut_the_same_in_the_quick_way(text: str) -> None:
    assert tokens_of(text) == TOKEN.findall(text)


def test_applying_twice_changes_nothing(words: Keywords) -> None:
    before = words.keys()
    words.apply([99], entries()[:2], 8)
    words.apply([99], entries()[:2], 8)
    assert words.keys() == before
    assert words.candidates("minister", 9) == [10, 11] or words.candidates("minister", 9) == [11, 10]


def test_an_index_opens_where_it_was_left(words: Keywords) -> None:
    words.apply([11], [], 9)
    words.close()
    again = Keywords.open(words.folder)
    assert (again.seq, again.keys()) == (9, {10, 12, 13, 14})


@pytest.mark.parametrize("how", ["flip", "half", "empty", "delete"])
def test_damage_of_any_file_is_noticed(words: Keywords, how: str) -> None:
    words.apply([11], [], 9)
    words.close()
    for path in sorted(words.folder.iterdir()):
        if path.name.startswith(".") or (path.suffix == ".json" and how == "flip"):
            continue
        content = path.read_bytes()
        if how == "delete":
            path.unlink()
        else:
            middle = len(content) // 2
            torn = {"flip": content[:middle] + bytes([content[middle] ^ 4]) + content[middle + 1 :], "empty": b""}
            path.write_bytes(torn.get(how, content[:middle]))
        if path.suffix != ".pos":  # positions are not kept, so nothing can be lost with them
            with pytest.raises(IndexDamaged):
                _ = Keywords.open(words.folder).candidates("trade", 5)
        path.write_bytes(content)
    assert Keywords.open(words.folder).candidates("trade", 5) == [10]


def test_documents_that_have_a_word_in_text_or_title_are_given(words: Keywords) -> None:
    assert words.documents_with(["trade"], {5, 6, 7}) == {5}
    assert words.documents_with(["cafés", "minister"], {5, 6}) == {5, 6}
    assert words.documents_with(["11"], {5, 6}) == {5}, "of the title"
    assert words.documents_with(["trade"], {6, 7}) == set()
    assert words.documents_with([], {5}) == set()
    assert words.documents_with(["trade"], set()) == set()


def test_the_rarest_word_is_one_that_is_there(words: Keywords) -> None:
    assert words.rarest(["trade", "Sundays", "nowhere"]) == "Sundays"
    assert words.rarest(["nowhere"]) is None
    assert words.rarest([]) is None


def test_removed_passages_name_nothing(words: Keywords) -> None:
    words.apply([10, 11], (), 8)
    assert words.documents_with(["trade"], {5, 6, 7}) == set()
