"""Find the evidence of a statement in what was read, and say how surely it bears the statement out."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

from index.records import Hit
from rag.answers import Draft, Window
from rag.extract import LONGEST_QUOTE, in_context, sentences_of, windows_of
from rag.language import language_of
from rag.question import Question
from rag.rerank import Reranker
from rag.terms import rarity, stems_of
from rag.verify.agree import CHECKS, clauses_in, figures_are_bound, missing_names, sentences_in
from rag.verify.pointing import unclear
from rag.verify.quotes import Checked, TextOf, check_quotes
from rag.verify.roles import roles_agree
from rag.verify.speech import stays_reported
from rag.verify.words import untied

Judge = Callable[[str, str], float | None]
"""A second opinion on statement and evidence: the log-odds that it is borne out; None where there is none."""

FITTED = Path(__file__).with_name("support.json")
"""Weights and threshold, written by `benchmarks/fit_verifying.py`."""
_TRIED = 4
"""How many windows the cross-encoder looks at for a statement."""
_JOINED = 3
"""How many further windows are tried beside the best one where a statement draws on two."""
_SUREST = 10.0
"""How far a judge's log-odds count, either way."""
_SHORTEST = 3
"""How many words a statement must have: a lone word says nothing that could be borne out."""
_LONGEST = 1200
"""How many characters it may have: no evidence is longer, and a flood of words would take long to check."""
_CLAUSE = 3
"""How many words with a meaning a clause must have to be checked by itself."""
_ANOTHER = re.compile(r",?\s(?:and|but|while|whereas)\s|;\s")
_POINTING = re.compile(r"\b(?:it|its|they|he|she|this|that|these|those|so|such|not|n[’']t)\b", re.IGNORECASE)
"""Words by which what a sentence goes on to say may still be about the statement."""
_REASONS = {
    "quotes": "it quotes words that do not stand there",
    "figures": "a number is not in the passages",
    "bound": "the passages say a number or a date of something else",
    "dates": "a date is not in the passages",
    "names": "a name is not in the passages",
    "negation": "it denies what the passage says, or says what it denies",
    "direction": "it says the opposite of the passage",
    "scope": "it says more than the passage: all, only, first or because",
    "speech": "it states as a fact what the passage only reports or expects",
    "roles": "the passages say it of something else, or with a limit that it leaves out",
}
REFUSING = (*CHECKS, "speech", "roles")
_WITHOUT_HEADING = ("quotes", "direction", "bound")
NOT_FOUND = "no passage says so"
DOUBTED = "the language model itself doubts it"
"""A judge can only refuse: what documents say of themselves must not talk it into showing more than we would."""
FOREIGN = "the rules of checking know English only"
"""Negation, comparison and reported speech are told by words; those of other languages would go unseen."""
NOT_CHECKED = "there was no time to check it"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A logistic model over the features, and one over its log-odds and the judge's, as fitted."""

    weights: dict[str, float]
    intercept: float
    threshold: float
    judged: tuple[float, float, float]
    """Weight of our own log-odds, weight of the judge's, intercept."""
    judged_threshold: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Windows that may bear a statement out together."""

    windows: tuple[Window, ...]

    @property
    def text(self) -> str:
        """What is cited."""
        return " ".join(window.text for window in self.windows)

    @property
    def context(self) -> str:
        """The same under the titles and dates of the documents."""
        return " ".join(in_context(window) for window in self.windows)


@cache
def fitted() -> Fitted:
    """Read what was fitted."""
    stored = json.loads(FITTED.read_text(encoding="utf-8"))
    judged = stored["judged"]
    return Fitted(
        stored["weights"],
        stored["intercept"],
        stored["threshold"],
        (judged["own"], judged["judge"], judged["intercept"]),
        judged["threshold"],
    )


class Verifier:
    """Checks statements against the passages that were read."""

    def __init__(self, reranker: Reranker, text_of: TextOf, judge: Judge | None = None) -> None:
        self._reranker = reranker
        self._text_of = text_of
        self._judge = judge

    def check(self, statement: str, hits: Sequence[Hit], hinted: Sequence[Hit] = ()) -> Checked:
        """Give the verdict with its evidence; `hinted` are the passages that the writer itself named.

        A statement whose clauses rest on several places is supported where each clause is.
        """
        if len(statement) > _LONGEST or len(re.findall(r"\w+(?:[.,]\d+)*", statement)) < _SHORTEST:
            return Checked(Draft(statement, ()), "unsupported", 0.0, "it is no sentence")
        named = {hit.passage.id for hit in hinted}
        windows = _candidates(hits)
        whole = self._checked(statement, windows, named)
        clauses = clauses_in(statement)
        alone = len(clauses) < 2 or min(len(stems_of(part)) for part in clauses) < _CLAUSE
        alone = alone or not all(re.search(r"\b[A-Z]", clause) for clause in clauses[1:])  # it tells not of whom
        if whole.support != "unsupported" or alone:
            return whole
        parts = [self._checked(clause, windows, named) for clause in clauses]
        if any(part.support != "supported" for part in parts):
            return whole
        evidence = tuple(dict.fromkeys(window for part in parts for window in part.draft.evidence))
        return Checked(Draft(statement, evidence), "supported", min(part.score for part in parts))

    def unclear(self, checked: Checked, question: Question, before: Collection[str]) -> str:
        """Say why a reader would not know whom a supported statement is about; empty where it is plain."""
        return unclear(checked, question, before, self._text_of)

    def _checked(self, statement: str, windows: Sequence[Window], named: set[str]) -> Checked:
        ranked = _ranked(statement, windows, named)
        if not ranked:
            return Checked(Draft(statement, ()), "unsupported", 0.0, NOT_FOUND)
        best = self._best(statement, ranked)
        draft = Draft(statement, best.evidence.windows)
        quotes = [check_quotes(Draft(window.text, (window,)), self._text_of) for window in draft.evidence]
        if any(quote.support != "supported" for quote in quotes):
            return Checked(draft, "unsupported", 0.0, NOT_FOUND)
        return self._verdict(draft, best)

    def _best(self, statement: str, ranked: Sequence[Evidence]) -> Weighed:
        """Weigh the likeliest windows; where none is enough, the best one with what goes before or with another."""
        weighed = [self._weighed(statement, evidence) for evidence in ranked[:_TRIED]]
        best = max(weighed, key=lambda one: one.rank)
        if best.stands:
            return best
        wider = [
            wide for wide in (_wider(best.evidence), *_joined(statement, best.evidence, ranked)) if wide is not None
        ]
        return max([best, *(self._weighed(statement, evidence) for evidence in wider)], key=lambda one: one.rank)

    def _weighed(self, statement: str, evidence: Evidence) -> Weighed:
        logit = self._reranker.score(statement, [evidence.context])[0]
        return weigh(statement, evidence, logit)

    def _verdict(self, draft: Draft, best: Weighed) -> Checked:
        model = fitted()
        score = best.score
        if best.failed:
            return Checked(draft, "unsupported", min(score, 0.5), _REASONS[best.failed[0]])
        if score < model.threshold:
            return Checked(draft, "unsupported", score, NOT_FOUND)
        if self._judge is not None and (opinion := self._judge(draft.text, best.evidence.context)) is not None:
            score = with_judge(score, opinion)
            if score < model.judged_threshold:
                return Checked(draft, "unsupported", score, DOUBTED)
        if language_of(draft.text) and draft.text.rstrip(".") not in best.evidence.text:
            return Checked(Draft(draft.text, ()), "unchecked", 0.0, FOREIGN)
        return Checked(draft, "supported", score)


@dataclass(frozen=True, slots=True)
class Weighed:
    """Evidence, how surely it bears the statement out, and in which respects it does not."""

    evidence: Evidence
    score: float
    failed: tuple[str, ...]

    @property
    def stands(self) -> bool:
        """Whether it is enough without another opinion."""
        return not self.failed and self.score >= fitted().threshold

    @property
    def rank(self) -> tuple[int, float, int]:
        """First what agrees in every respect, then the likeliest, then the shortest."""
        return (-len(self.failed), round(self.score, 2), -len(self.evidence.text))


def weigh(statement: str, evidence: Evidence, logit: float) -> Weighed:
    """Weigh one piece of evidence, whose cross-encoder logit is given."""
    values = features(statement, evidence.text, evidence.context, logit)
    model = fitted()
    total = model.intercept + sum(weight * values[name] for name, weight in model.weights.items())
    score = 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
    if statement.rstrip(".") in evidence.text:
        score = max(score, 0.99)
    copied = any(_bare(statement) == _bare(part.text) for window in evidence.windows for part in sentences_of(window))
    failed = () if copied else tuple(name for name in REFUSING if values[name])
    return Weighed(evidence, score, failed)


def _bare(sentence: str) -> str:
    return untied(" ".join(sentence.split())).rstrip(".")


def with_judge(score: float, opinion: float) -> float:
    """Join our score and a judge's log-odds, as fitted."""
    own, judge, intercept = fitted().judged
    logit = math.log(max(score, 1e-6) / max(1 - score, 1e-6))
    total = own * logit + judge * max(-_SUREST, min(_SUREST, opinion)) + intercept
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def features(statement: str, evidence: str, context: str, logit: float) -> dict[str, float]:
    """Describe how far evidence goes towards a statement, in numbers of 0 to 1; a check that fails counts 1."""
    said, told = stems_of(statement), stems_of(context)
    known = set(told)
    focus = _without_rest(_focus(set(said), evidence), set(said))
    values = {
        "relevance": max(-11.0, min(11.0, logit)) / 11,
        "coverage": sum(word in known for word in said) / (len(said) or 1),
        "uncovered": min(4, sum(word not in known for word in set(said))) / 4,
        "order": _in_order(said, told),
        "run": _longest_run(said, told) / (len(said) or 1),
    }
    for name, agrees in CHECKS.items():
        against = focus if name in ("negation", "scope") else evidence if name in _WITHOUT_HEADING else context
        values[name] = float(not agrees(statement, against))
    values["speech"] = float(not stays_reported(statement, focus))
    values["roles"] = float(not roles_agree(statement, evidence, context))
    return values


def _candidates(hits: Sequence[Hit]) -> list[Window]:
    """Every sentence of what was read, alone and with the one before it."""
    found: dict[tuple[str, int, int], Window] = {}
    for window in windows_of(hits):
        alone = replace(window, start=window.focus, text=window.text[window.focus - window.start :])
        for one in (alone, window):
            found.setdefault((one.hit.document.id, one.start, one.end), one)
    return list(found.values())


def _ranked(statement: str, windows: Sequence[Window], named: set[str]) -> list[Evidence]:
    """Order windows by how many of the statement's rare words they hold, those of a named passage a little before."""
    said = set(stems_of(statement))
    contexts = [set(stems_of(in_context(window))) for window in windows]
    weights = rarity(said, [window.text for window in windows])
    total = sum(weights.values()) or 1.0

    def held(place: int) -> float:
        share = sum(sorted(weights[word] for word in said & contexts[place])) / total
        return share + 0.05 * (windows[place].hit.passage.id in named) - len(windows[place].text) / 20_000

    order = sorted(range(len(windows)), key=lambda place: (-held(place), place))
    return [Evidence((windows[place],)) for place in order]


def _wider(evidence: Evidence) -> Evidence | None:
    """The same with all that goes before it in its passage, as far as a quote may reach."""
    window = evidence.windows[0]
    passage = window.hit.passage
    starts = [s.start for s in passage.sentences if s.start < window.start and window.end - s.start <= LONGEST_QUOTE]
    if not starts:
        return None
    text = passage.text[starts[0] - passage.start : window.end - passage.start]
    return Evidence((replace(window, start=starts[0], text=text),))


def _joined(statement: str, evidence: Evidence, ranked: Sequence[Evidence]) -> list[Evidence]:
    """The best evidence with a window that tells whom or what it speaks of: only names may come from elsewhere."""
    window = evidence.windows[0]
    missing = missing_names(statement, evidence.context)
    if not missing or not figures_are_bound(statement, window.text):
        return []
    others = [other.windows[0] for other in ranked if other.windows[0].hit.document.id == window.hit.document.id]
    naming = [other for other in others if missing <= set(stems_of(other.text)) and not _overlap(window, other)]
    return [Evidence((window, other)) for other in naming[:_JOINED]]


def _overlap(window: Window, other: Window) -> bool:
    same = window.hit.document.id == other.hit.document.id
    return same and window.start < other.end and other.start < window.end


def _focus(said: set[str], evidence: str) -> str:
    """The sentence of the evidence that shares most with the statement."""
    sentences = sentences_in(evidence)
    return max(sentences, key=lambda part: len(said & set(stems_of(part))), default=evidence)


def _without_rest(sentence: str, said: set[str]) -> str:
    """A sentence without what it goes on to say of something else, in none of the statement's words."""
    for match in _ANOTHER.finditer(sentence):
        rest = sentence[match.end() :]
        if not said & set(stems_of(rest)) and not _POINTING.search(rest):
            return sentence[: match.start()]
    return sentence


def _in_order(said: Sequence[str], told: Sequence[str]) -> float:
    """The share of neighbouring words that stand near each other, in this order, in the evidence."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(told):
        places.setdefault(word, []).append(place)
    pairs = list(pairwise(said))
    near = sum(
        any(0 < second - first <= 4 for first in places.get(one, ()) for second in places.get(other, ()))
        for one, other in pairs
    )
    return near / (len(pairs) or 1)


def _longest_run(said: Sequence[str], told: Sequence[str]) -> int:
    """How many of the statement's words stand in a row in the evidence."""
    longest, before = 0, [0] * (len(told) + 1)
    for word in said:
        row = [0] * (len(told) + 1)
        for place, other in enumerate(told, start=1):
            if word == other:
                row[place] = before[place - 1] + 1
                longest = max(longest, row[place])
        before = row
    return longest
