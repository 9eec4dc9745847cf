from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from index.errors import BadInput, Conflict, NotFound, NotInstalled
from rag.answers import Answer, Citation, Statement
from rag.cite import cite
from rag.evaluate import plots, ranking
from rag.evaluate.bars import bar_of
from rag.evaluate.figures import Figure, compare, figure, figures
from rag.evaluate.kept import Keeper, Row, read_marks, row_json, row_of, still_to_ask
from rag.evaluate.marks import MEASURES, mark
from rag.evaluate.questions import Case, Piece, check_against, fold, read_cases
from rag.evaluate.report import Outcome, report
from tests.rag.made import document, hit
from tests.rag.made import window as window_of

EXAMPLES = Path(__file__).parents[2] / "examples"
TEXT = "".join(chr(0x4E00 + place) for place in range(60))
"""Every character once, and each of them a word character."""
SHARES = [measure.name for measure in MEASURES if measure.is_share]

spans = st.tuples(st.integers(0, 59), st.integers(1, 20)).map(lambda span: (span[0], min(60, span[0] + span[1])))


def cited(span: tuple[int, int], number: int, name: str = "d_1", text: str = TEXT) -> Citation:
    window = replace(window_of("A word."), hit=hit(text, document(name)), start=span[0], end=span[1])
    return cite(replace(window, text=text[span[0] : span[1]]), number, "cited", ())


def answered(*citations: Citation, confidence: float = 0.9, text: str | None = None) -> Answer:
    """An answer whose statements are its quotes."""
    told, statements = "", []
    for citation in citations:
        start = len(told)
        told += citation.quote if text is None else text
        statements.append(Statement(told[start:], start, len(told), (citation.number,), "supported", 1.0))
        told += f" [{citation.number}] "
    return Answer("a_1", "Q?", "Q?", "news", "extractive", confidence, told, tuple(statements), citations)


def text_of(id: str, version: str | None) -> str:
    return TEXT


def marked(case: Case, answer: Answer) -> dict[str, float]:
    return dict(mark(case, answer, 0.25, text_of))


def case(**about: object) -> Case:
    return Case(**{"id": "q1", "kind": "fact", "question": "Q?", "line": 1} | about)  # type: ignore[arg-type]


def piece(span: tuple[int, int], *, within: bool = False, name: str = "d_1.txt") -> Piece:
    return Piece(name, TEXT[span[0] : span[1]], within)


# marks


@given(st.lists(spans, max_size=4), st.lists(st.lists(spans, min_size=1, max_size=2), min_size=1, max_size=3))
@settings(deadline=None)
def test_evidence_is_half_of_a_piece_covered(
    quotes: list[tuple[int, int]], groups: list[list[tuple[int, int]]]
) -> None:
    def holds(wanted: tuple[int, int], shown: Sequence[tuple[int, int]]) -> bool:
        read = {place for one in shown for place in range(*one)}
        return len(read & set(range(*wanted))) * 2 >= wanted[1] - wanted[0]

    evidence = tuple(tuple(piece(span) for span in group) for group in groups)
    found = marked(case(evidence=evidence), answered(*(cited(span, n) for n, span in enumerate(quotes, 1))))
    right = statistics.fmean(any(holds(wanted, quotes) for wanted in group) for group in groups)
    assert found["evidence"] == pytest.approx(right)
    if quotes:
        needed = [any(holds(wanted, [one]) for group in groups for wanted in group) for one in quotes]
        assert found["precision"] == pytest.approx(statistics.fmean(needed))
    else:
        assert "precision" not in found


@given(spans, spans, st.integers(0, 59))
@settings(deadline=None)
def test_within_a_paragraph_a_citation_has_to_hold_the_answer(
    quote: tuple[int, int], paragraph: tuple[int, int], answer: int
) -> None:
    found = marked(
        case(strings=(TEXT[answer],), evidence=((piece(paragraph, within=True),),)), answered(cited(quote, 1))
    )
    shared = len(set(range(*quote)) & set(range(*paragraph)))
    assert found["evidence"] == float(shared >= 0.8 * (quote[1] - quote[0]) and answer in range(*quote))


@given(
    st.lists(st.tuples(spans, st.booleans()), max_size=3),
    st.booleans(),
    st.booleans(),
    st.lists(st.lists(spans.map(piece), min_size=1, max_size=2).map(tuple), max_size=2).map(tuple),
    st.sampled_from([(), ("d_1.txt",), ("d_2.txt",)]),
    st.sampled_from([(), (TEXT[7],)]),
)
@settings(deadline=None)
def test_every_share_is_between_0_and_1(
    quotes: list[tuple[tuple[int, int], bool]],
    abstain: bool,
    damaged: bool,
    evidence: tuple[tuple[Piece, ...], ...],
    documents: tuple[str, ...],
    strings: tuple[str, ...],
) -> None:
    citations = [cited(span, n, "d_1" if first else "d_2") for n, (span, first) in enumerate(quotes, 1)]
    if damaged and citations:
        citations[0] = replace(citations[0], start=citations[0].start + 1)
    about = case(abstain=abstain, evidence=evidence, documents=documents, strings=strings)
    found = marked(about, answered(*citations))
    assert all(0 <= found[name] <= 1 for name in SHARES if name in found)
    assert found.keys() <= {measure.name for measure in MEASURES}
    assert ("answered" in found) is not abstain
    assert ("declined_rightly" in found) is abstain
    assert found["quality"] >= 0
    if citations:
        assert (found["exact"] < 1) is damaged


def test_an_answer_is_correct_in_a_statement_and_proved_in_its_quote() -> None:
    about = case(patterns=("318 met",))
    text = "It is 318 metres long. It is red."
    right, other = cited((0, 22), 1, text=text), cited((23, 33), 2, text=text)
    texts = {"correct": 1.0, "proved": 1.0}
    assert marked(about, answered(right)).items() >= texts.items()
    said_only = marked(about, answered(other, text="It is 318 metres long."))
    assert (said_only["correct"], said_only["proved"]) == (1.0, 0.0)
    unsupported = answered(right)
    unsupported = replace(unsupported, statements=(replace(unsupported.statements[0], support="unsupported"),))
    assert marked(about, unsupported)["correct"] == 0.0
    assert marked(about, answered(other))["correct"] == 0.0


def test_a_long_citation_is_not_precise() -> None:
    text = "x" * 701
    about = case(evidence=((Piece("d_1.txt", text[:600]),),))
    marks = mark(about, answered(cited((0, 701), 1, text=text)), 0.1, lambda id, version: text)
    assert (marks["evidence"], marks["precision"]) == (1.0, 0.0)


def test_declining_counts_where_the_documents_do_not_tell() -> None:
    declined = answered()
    assert marked(case(abstain=True), declined)["declined_rightly"] == 1.0
    assert marked(case(abstain=True), declined)["decline_precision"] == 1.0
    assert marked(case(), declined)["answered"] == 0.0
    assert marked(case(), declined)["decline_precision"] == 0.0
    assert marked(case(abstain=True), answered(cited((0, 9), 1)))["quality"] == 0.0
    assert "words" not in marked(case(), declined)


def test_folding() -> None:
    assert fold(" It’s 12,5% — “Über-all” (a/b_c)! ") == "it s 12,5% über-all a/b_c"
    assert case(patterns=(r"\b412 million",)).accepts("It cost 412 [3]\nmillion.")


# figures


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
@settings(max_examples=30, deadline=None)
def test_an_interval_holds_its_mean_and_is_always_the_same(values: list[float]) -> None:
    found = figure(values)
    assert found.mean == pytest.approx(statistics.fmean(values))
    assert found.median == pytest.approx(statistics.median(values))
    assert 0 <= found.low <= found.mean <= found.high <= 1
    assert figure(values) == found


@pytest.mark.parametrize("size", [5, 40, 1000])
def test_intervals_are_those_of_the_bootstrap(size: int) -> None:
    values = np.random.default_rng(size).random(size)
    reference = scipy.stats.bootstrap((values,), np.mean, n_resamples=9999, method="percentile", rng=1)
    found = figure(list(values))
    width = found.high - found.low
    assert found.low == pytest.approx(reference.confidence_interval.low, abs=0.06 * width)
    assert found.high == pytest.approx(reference.confidence_interval.high, abs=0.06 * width)


def test_what_could_not_be_judged_is_left_out() -> None:
    found = figures([{"proved": 1.0, "seconds": 2.0}, {"seconds": 4.0}])
    assert {name: (one.count, one.mean) for name, one in found.items()} == {"proved": (1, 1.0), "seconds": (2, 3.0)}
    assert figures([]) == {}


@given(st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1))
@settings(max_examples=30, deadline=None)
def test_differences_are_paired(pairs: dict[str, tuple[float, float]]) -> None:
    before = {id: {"quality": pair[0]} for id, pair in pairs.items()} | {"gone": {"quality": 1.0}}
    after = {id: {"quality": pair[1]} for id, pair in pairs.items()} | {"new": {"quality": 0.0}}
    found = compare(before, after)
    assert found.shared == len(pairs)
    assert found.differences["quality"].mean == pytest.approx(statistics.fmean(b - a for a, b in pairs.values()))
    assert {change.id for change in found.better} == {id for id, (a, b) in pairs.items() if b > a}
    assert {change.id for change in found.worse} == {id for id, (a, b) in pairs.items() if b < a}
    assert all(abs(a.after - a.before) >= abs(b.after - b.before) for a, b in pairwise(found.better))


@pytest.mark.parametrize(
    ("text", "cleared"),
    [
        ("proved>=0.9", True),
        (" proved >= 0.91", False),
        ("seconds<=2", True),
        ("seconds<=1.9", False),
        ("words>=0", False),
    ],
)
def test_bars(text: str, cleared: bool) -> None:
    found = {"proved": figure([0.9] * 9), "seconds": figure([2.0])}
    bar = bar_of(text, [measure.name for measure in MEASURES])
    assert bar.cleared(found) is cleared
    assert ("MISSED" in bar.line(found)) is not cleared


@pytest.mark.parametrize("text", ["proved", "proved>0.9", "proofs>=0.9", "proved>=x", "proved>=nan", ">=1", ""])
def test_what_is_no_bar_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="bar"):
        bar_of(text, ["proved"])


# the file of questions


def written(path: Path, *lines: object) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return path


def test_the_examples_are_read() -> None:
    cases = read_cases(EXAMPLES / "questions.jsonl")
    assert len(cases) == 82
    assert {one.kind for one in cases} >= {"fact", "followup", "unanswerable"}
    assert all(one.history for one in cases if one.kind == "followup")


def test_every_fault_is_told_with_its_line(tmp_path: Path) -> None:
    path = written(
        tmp_path / "q.jsonl",
        {"id": "a", "question": "Who?"},
        "",
        "{broken",
        {"id": "a", "question": "What?"},
        {"question": " "},
        {"question": "Q?", "answer": ["("]},
        {"question": "Q?", "evidence": [[{"document": "x.txt"}]]},
        {"question": "Q?", "evidence": [[]]},
        [1],
        "[" * 100_000,
    )
    with pytest.raises(BadInput) as told:
        read_cases(path)
    message = str(told.value)
    assert [number for number in range(1, 12) if f"line {number}:" in message] == [3, 4, 5, 6, 7, 8, 9, 10]
    assert "'('" in message
    assert "evidence.0.0.quote" in message


def test_a_file_that_is_not_there_or_holds_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_cases(tmp_path / "none.jsonl")
    with pytest.raises(BadInput, match="no question"):
        read_cases(written(tmp_path / "empty.jsonl", ""))
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="UTF-8"):
        read_cases(tmp_path / "bytes.jsonl")


def test_documents_and_quotes_that_are_not_there_are_told(tmp_path: Path) -> None:
    good = case(evidence=((Piece("a.txt", "red"),),), documents=("a.txt",))
    stored = {"a.txt": ["It is blue.", "It is red."]}
    check_against(tmp_path, [good], stored, stored.__getitem__)
    bad = [replace(good, line=2, evidence=((Piece("a.txt", "Red"),),)), replace(good, line=3, documents=("b.txt",))]
    with pytest.raises(BadInput) as told:
        check_against(tmp_path, [good, *bad], stored, stored.__getitem__)
    assert "line 2: a.txt does not hold the quote 'Red'" in str(told.value)
    assert "line 3: there is no document 'b.txt'" in str(told.value)
    assert "line 1:" not in str(told.value)


# what is kept


def kept_row(id: str = "q1", **about: object) -> tuple[Case, dict[str, object]]:
    asked = case(id=id, **about)
    answer = answered(cited((0, 9), 1))
    return asked, row_json(asked, answer, marked(asked, answer))


def test_a_row_is_read_as_it_was_written(tmp_path: Path) -> None:
    asked, row = kept_row(strings=(TEXT[3],), evidence=((piece((0, 9)),),))
    path = tmp_path / "out.jsonl"
    keeper, nothing = Keeper.begin(path, resume=True)
    assert nothing == ()
    keeper.keep(row)
    _, (read,) = Keeper.begin(path, resume=True)
    assert read == row_of(row)
    assert read.case == asked
    assert read.marks["proved"] == 1.0
    assert read.quotes[0].text == TEXT[:9]


def test_a_line_cut_off_by_a_kill_is_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    keeper, _ = Keeper.begin(path, resume=False)
    cases = []
    for id in ("q1", "q2"):
        asked, row = kept_row(id)
        cases.append(asked)
        keeper.keep(row)
    path.write_bytes(path.read_bytes()[:-30])
    keeper, rows = Keeper.begin(path, resume=True)
    left = still_to_ask(cases, rows, "news", path)
    assert [one.id for one in left] == ["q2"]
    keeper.keep(kept_row("q2")[1])
    assert len(Keeper.begin(path, resume=True)[1]) == 2


def test_what_was_kept_is_neither_overwritten_nor_mixed(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    asked, row = kept_row()
    Keeper.begin(path, resume=False)[0].keep(row)
    with pytest.raises(Conflict, match="--resume"):
        Keeper.begin(path, resume=False)
    rows = Keeper.begin(path, resume=True)[1]
    for cases, dossier in (([replace(asked, question="Other?")], "news"), ([asked], "another")):
        with pytest.raises(BadInput, match="another"):
            still_to_ask(cases, rows, dossier, path)
    with pytest.raises(BadInput, match="line 1"):
        Keeper.begin(written(tmp_path / "other.jsonl", {"a": 1}, {"b": 2}), resume=True)


def test_only_questions_that_are_the_same_are_compared(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    Keeper.begin(path, resume=False)[0].keep(kept_row()[1])
    assert read_marks(path, {"q1": "Q?"})["q1"]["quality"] == 1.0
    assert read_marks(path, {"q1": "Another?"}) == {}


# rankings


@given(
    st.lists(st.sampled_from("abcdefghijklmnop"), unique=True),
    st.dictionaries(st.sampled_from("abcdefghijklmnop"), st.integers(0, 3), min_size=1).filter(
        lambda g: any(g.values())
    ),
)
@settings(deadline=None)
def test_rankings_are_measured_as_defined(names: list[str], grades: dict[str, int]) -> None:
    found = ranking.mark_ranking(ranking.Query("q", "?", grades), names)
    gain = sum(grades.get(name, 0) / math.log2(place + 2) for place, name in enumerate(names[:10]))
    best = sum(grade / math.log2(place + 2) for place, grade in enumerate(sorted(grades.values(), reverse=True)[:10]))
    relevant = {name for name, grade in grades.items() if grade > 0}
    first = next((place for place, name in enumerate(names, 1) if name in relevant), 0)
    assert found["nDCG@10"] == pytest.approx(gain / best)
    assert found["recall@100"] == pytest.approx(len(relevant & set(names)) / len(relevant))
    assert found["MRR"] == pytest.approx(1 / first if first else 0.0)


def test_a_ranking_folder_is_read_and_its_faults_are_told(tmp_path: Path) -> None:
    written(tmp_path / "queries.jsonl", {"_id": "1", "text": "Who?"}, {"_id": "2", "text": "not judged"})
    written(tmp_path / "qrels.tsv", "query-id\tcorpus-id\tscore", "1\ta.txt\t1", "1\tb.txt\t0", "2\tb.txt\t0")
    assert ranking.is_ranking(tmp_path)
    (query,) = ranking.read_queries(tmp_path, ["a.txt", "b.txt"])
    assert query == ranking.Query("1", "Who?", {"a.txt": 1, "b.txt": 0})
    with pytest.raises(BadInput, match=r"line 3: there is no document 'b\.txt'"):
        ranking.read_queries(tmp_path, ["a.txt"])
    written(tmp_path / "qrels.tsv", "1\ta.txt\t1", "3\ta.txt\t1", "no tabs")
    with pytest.raises(BadInput, match="line 3: not a query's id"):
        ranking.read_queries(tmp_path, ["a.txt"])


@pytest.mark.parametrize(
    ("missing", "needed"), [("ir_measures", ranking.require_library), ("matplotlib", plots.require_library)]
)
def test_an_optional_library_that_is_missing_is_named(
    missing: str, needed: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, missing, None)
    with pytest.raises(NotInstalled, match="make evaluation"):
        needed()  # type: ignore[operator]


# the report


def row(quality: float, confidence: float, *, abstain: bool = False, declined: bool = False, **about: object) -> Row:
    marks = {"quality": quality, "seconds": 0.5}
    standing = "declined" if declined else "grounded"
    return Row(case(abstain=abstain, **about), "news", marks, standing, confidence, "Text.", (), (), ())


rows = st.lists(
    st.builds(
        lambda quality, confidence, abstain, declined: row(quality, confidence, abstain=abstain, declined=declined),
        st.floats(0, 1),
        st.floats(0, 1),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


@given(rows)
@settings(deadline=None)
def test_the_surest_answers_come_first_in_the_curve(listed: list[Row]) -> None:
    shares, worth = plots.risk_coverage(listed)
    sure = sorted((one for one in listed if not one.declined), key=lambda one: -one.confidence)
    assert shares == pytest.approx([count / len(listed) for count in range(1, len(sure) + 1)])
    assert all(0 <= one <= 1 for one in worth)
    if sure:
        whole = statistics.fmean(0.0 if one.case.abstain else one.marks["quality"] for one in sure)
        assert worth[-1] == pytest.approx(whole)


@given(rows)
@settings(deadline=None)
def test_every_question_is_in_one_bin_of_the_reliability(listed: list[Row]) -> None:
    bins = plots.reliability(listed)
    assert sum(count for *_, count in bins) == len(listed)
    assert [mean for mean, *_ in bins] == sorted(mean for mean, *_ in bins)
    answerable = sum(share * count for _, share, _, count in bins)
    assert answerable == pytest.approx(sum(not one.case.abstain for one in listed))


HOSTILE = "\"'></title></style><script>alert(1)</script><img src=http://evil.example onerror=a()>$\\frac{1}{2}$ ]]> [1]"


MATHEMATICAL = r"<b>$\frac{1}{2}$"


def hostile_report() -> str:
    one = row(
        0.0, 0.5, id=HOSTILE, kind=HOSTILE, question=HOSTILE, strings=(HOSTILE,), evidence=((Piece(HOSTILE, HOSTILE),),)
    )
    answer = replace(answered(cited((0, 9), 1)), text=HOSTILE, dossier=HOSTILE)
    citation = replace(answer.citations[0], quote=HOSTILE, document=replace(answer.citations[0].document, name=HOSTILE))
    shown = row_of(row_json(one.case, replace(answer, citations=(citation,)), one.marks))
    unknown = replace(shown, standing="declined", nearest=shown.quotes, text="", missing=(HOSTILE,))
    listed = (shown, replace(unknown, case=replace(unknown.case, id="q2", kind=MATHEMATICAL)))
    overall = figures(one.marks for one in listed)
    outcome = Outcome(
        name=HOSTILE,
        dossier=HOSTILE,
        measures=MEASURES,
        overall=overall,
        by_kind={one.case.kind: figures([one.marks]) for one in listed},
        rows=listed,
        bars=(bar_of("quality>=0.5", ["quality"]),),
        comparison=compare(
            {one.case.id: {"quality": 1.0} for one in listed}, {one.case.id: one.marks for one in listed}
        ),
        date="2026-01-01",
    )
    return report(outcome)


def test_the_report_escapes_everything_and_asks_no_other_host() -> None:
    page = hostile_report()
    tree = html.fromstring(page)
    tags = {element.tag for element in tree.iter() if isinstance(element.tag, str)}
    assert not tags & {"script", "img", "iframe", "link", "object", "form"}
    attributes = [(name, value) for element in tree.iter() for name, value in element.attrib.items()]
    assert not [name for name, _ in attributes if name.lower().startswith("on") or name == "src"]
    assert all(value.startswith("#") for name, value in attributes if name in ("href", "xlink:href"))
    assert "url(http" not in page
    assert "@import" not in page
    assert tree.text_content().count("<script>alert(1)</script>") > 10
    assert len(tree.findall(".//title")) == len(tree.findall(".//head/style")) == 1
    assert MATHEMATICAL in "".join(label.text_content() for label in tree.iter("text"))
    assert "default-src 'none'" in page


def test_the_report_tells_what_was_found() -> None:
    page = hostile_report()
    assert page.count("<svg") == 4
    assert "prefers-color-scheme: dark" in page
    assert "currentColor" in page
    assert "MISSED" in page
    assert page == hostile_report()


def test_a_report_without_questions_or_answers_is_drawn() -> None:
    declined = row(1.0, 0.1, abstain=True, declined=True)
    overall = figures([declined.marks])
    assert "<svg" in report(Outcome("q", "d", MEASURES, overall, {"fact": overall}, (declined,)))
    assert "<svg" not in report(Outcome("q", "d", ranking.RANKING_MEASURES, {}, {}, ()))


def test_one_question_gives_a_figure() -> None:
    assert figure([0.5]) == Figure(1, 0.5, 0.5, 0.5, 0.5, 0.5)
