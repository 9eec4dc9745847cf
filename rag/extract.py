"""Answer in the sources' own words: the fewest verbatim sentences that answer."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from index.records import Document, Hit, Sentence
from index.split import header
from rag.answers import Draft, Window
from rag.kinds import holds_kind
from rag.question import Expects, Question
from rag.recipe import AS_BUILT, Recipe
from rag.rerank import Reranker
from rag.terms import rarity, stems_of, terms_of

LONGEST_QUOTE = 700
"""In characters: what a citation may have at most."""

_LEANS_BACK = re.compile(
    r"^[\"“'‘(]*(?:he|she|it|they|this|that|these|those|his|her|its|their|such|there|both|"
    r"the (?:company|former|latter|same|move|decision|deal|plan|law|group|report|result|figure)|"
    r"but|however|and|so|then|meanwhile|instead|also|yet|therefore|thus|moreover|additionally|in addition|"
    r"as a result|for (?:example|instance)|nevertheless|by contrast)\b",
    re.IGNORECASE,
)


_TURNS = re.compile(
    r"^[\"“'‘(]*(?:but|however|yet|instead|nevertheless|now|(?:we|it|he|she|they) now|"
    r"th(?:at|is|e) (?:figure|sum|number|total|claim|statement|report) (?:was|is|has|had|wrongly|later|turned))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Breadth:
    """How many sentences an answer may have, and how far behind the best one they may be."""

    statements: int
    gap: float
    """In logits of the cross-encoder."""
    slack: float
    """How far below two sentences one of them may score and still be quoted alone, in logits."""


_ACROSS = re.compile(
    r"\b(?:the|these|those|two|three|both|several|different|various|all|other)\s+(?:\w+\s+)?"
    r"(?:articles|sources|newspapers|papers|documents|reports|outlets|publishers|commentators|accounts)\b(?!\s+of\b)",
    re.IGNORECASE,
)
"""Words of questions that ask what several sources say."""
_BROAD = ("summary", "comparison", "list")
_VOICES = 3
"""From how many documents such a question is answered."""
_FAR = 6.0
"""How far behind the best window another side may be, in logits."""


def is_broad(question: Question) -> bool:
    """Whether an answer gathers several things rather than gives one."""
    return question.expects in _BROAD or _ACROSS.search(question.text) is not None


def breadth_of(expects: Expects, recipe: Recipe = AS_BUILT) -> Breadth:
    """Say how much may be quoted where such a thing is asked for."""
    if expects in _BROAD:
        return Breadth(4, recipe.broad_gap, slack=0.0)
    if expects == "reason":
        return Breadth(2, recipe.reason_gap, slack=0.0)
    return Breadth(2, recipe.fact_gap, recipe.slack)


def windows_of(hits: Sequence[Hit], *, paired: bool = True) -> list[Window]:
    """Pair every sentence of the hits with the one before it; headings and boilerplate are left out."""
    windows: list[Window] = []
    for hit in hits:
        before: Sentence | None = None
        for sentence in hit.passage.sentences:
            if sentence.kind != "prose":
                before = None
                continue
            with_before = paired and before is not None and _belongs(hit, before, sentence)
            start = before.start if before is not None and with_before else sentence.start
            windows.append(_window(hit, start, sentence.end, sentence.start))
            before = sentence
    return windows


def shortlist(question: Question, windows: Sequence[Window], limit: int, recipe: Recipe = AS_BUILT) -> list[Window]:
    """Keep the windows worth judging: those that hold most of the question's rare words, in good passages first."""
    contexts = [in_context(window) for window in windows]
    wanted = set(stems_of(question.text))
    held = [set(stems_of(context)) & wanted for context in contexts]
    weights = rarity(wanted, contexts)
    total = sum(weights.values()) or 1.0
    scores = [
        recipe.by_passage * window.hit.score
        + sum(sorted(weights[word] for word in words)) / total
        - (recipe.elsewhere > 0 and window.elsewhere)
        for window, words in zip(windows, held, strict=True)
    ]
    order = sorted(range(len(windows)), key=lambda position: (-scores[position], position))
    return [windows[position] for position in order[:limit]]


def judge(question: Question, windows: Sequence[Window], reranker: Reranker, recipe: Recipe = AS_BUILT) -> list[Window]:
    """Score windows, each under its document's title and date, with the cross-encoder; best first.

    A window that lacks the kind of thing that is asked for stands behind one that has it and scores a little less.
    """
    logits = reranker.score(question.text, [in_context(window) for window in windows])
    judged = [
        replace(window, logit=logit - recipe.elsewhere * window.elsewhere)
        for window, logit in zip(windows, logits, strict=True)
    ]
    return in_order(question, judged, recipe)


def in_order(question: Question, judged: Sequence[Window], recipe: Recipe = AS_BUILT) -> list[Window]:
    """Order judged windows: best first, one that lacks the asked kind of thing put back a little."""
    behind = {id(window): 0.0 if holds_kind(question, window.text) else recipe.lacking for window in judged}
    return sorted(judged, key=lambda w: (behind[id(w)] - w.logit, w.hit.document.id, w.start))


def may_differ(question: Question, best: Window, window: Window) -> bool:
    """Whether another document's window may give another value for what is asked: a number or a time.

    It has to share a word with the question, under its document's title.
    """
    if question.expects not in ("number", "time") or window.hit.document.id == best.hit.document.id:
        return False
    shared = question.terms.words & terms_of(in_context(window)).words
    return bool(shared) and holds_kind(question, window.text)


def lift(context: str, judged: Sequence[Window], reranker: Reranker) -> tuple[Window, ...]:
    """Let the best window of a follow-up count as in its conversation, where it fits that better.

    The order stays that of the standalone question; only how well the best window answers is judged anew.
    """
    if not judged:
        return ()
    logit = reranker.score(context, [in_context(judged[0])])[0]
    return (replace(judged[0], logit=max(logit, judged[0].logit)), *judged[1:])


def in_context(window: Window) -> str:
    """Put the document's title, publisher and date before a window, for judging only."""
    return titled(window.hit.document, window.text)


def titled(document: Document, text: str) -> str:
    """Put a document's title, publisher and date before a text of it."""
    return f"{header(document.metadata, document.name).strip()}. {text}"


def names(window: Window, subject: str) -> bool:
    """Whether a window, under its document's title, names a thing: all words of its name in any form."""
    wanted = set(stems_of(subject))
    return bool(wanted) and wanted <= set(stems_of(in_context(window)))


def choose(question: Question, judged: Sequence[Window], limit: int, recipe: Recipe = AS_BUILT) -> list[Window]:
    """Choose the fewest windows that answer: the best, those close behind it, one for each thing compared."""
    if not judged:
        return []
    breadth = breadth_of(question.expects, recipe)
    best = judged[0].logit
    chosen: list[Window] = []
    for window in judged:
        if len(chosen) >= min(breadth.statements, limit) or (chosen and window.logit < best - breadth.gap):
            break
        if not any(_repeats(window, other) for other in chosen) and (not chosen or _adds(question, window)):
            chosen.append(window)
    for found in _others(question, judged, chosen):
        if len(chosen) < limit and not any(_repeats(found, other) for other in chosen):
            chosen.append(found)
    return chosen


def trim(question: Question, chosen: Sequence[Window], reranker: Reranker, recipe: Recipe = AS_BUILT) -> list[Draft]:
    """Quote one sentence of a window alone where it answers as well; one that leans back keeps the one before it."""
    parts = [_parts(window) for window in chosen]
    logits = iter(reranker.score(question.text, [in_context(part) for several in parts for part in several]))
    slack = breadth_of(question.expects, recipe).slack
    drafts: dict[tuple[str, int, int], Draft] = {}
    for window, several in zip(chosen, parts, strict=True):
        scored = [replace(part, logit=next(logits) - recipe.elsewhere * window.elsewhere) for part in several]
        best = max(scored, key=lambda part: part.logit, default=window)
        spared = len(window.text.split()) - len(best.text.split())
        alone = best.logit >= window.logit - slack - recipe.a_word * spared
        kept = _with_turn(_led_in(best) if alone else window)
        drafts.setdefault((kept.hit.document.id, kept.start, kept.end), Draft(kept.text, (kept,)))
    return list(drafts.values())


def without(window: Window, cited: Collection[tuple[str, int, int]]) -> Window | None:
    """Give what is left of a window beside what is cited by document (id), start and end; None where nothing is.

    Whole sentences in a row are left: from the first to the last that is not cited.
    """
    here = [(start, end) for document, start, end in cited if document == window.hit.document.id]
    sentences = _parts(window) or [window]
    left = [part for part in sentences if not any(start < part.end and part.start < end for start, end in here)]
    if not left:
        return None
    return replace(_window(window.hit, left[0].start, left[-1].end, left[-1].start), logit=window.logit)


def sentences_of(window: Window) -> list[Window]:
    """Give a window's sentences, whole, each alone."""
    sentences = [s for s in window.hit.passage.sentences if window.start <= s.start and s.end <= window.end]
    return [_window(window.hit, s.start, s.end, s.start) for s in sentences]


def _parts(window: Window) -> list[Window]:
    """The window's sentences, each alone; none where it is one sentence already."""
    sentences = sentences_of(window)
    return sentences if len(sentences) > 1 else []


def _led_in(window: Window) -> Window:
    """Put the sentence before in front of one that cannot be understood without it."""
    if not _LEANS_BACK.match(window.text):
        return window
    before = None
    for sentence in window.hit.passage.sentences:
        if sentence.start >= window.start:
            break
        before = sentence if sentence.kind == "prose" else None
    if before is None or window.end - before.start > LONGEST_QUOTE:
        return window
    return replace(_window(window.hit, before.start, window.end, window.start), logit=window.logit)


def _adds(question: Question, window: Window) -> bool:
    """Whether a further window is worth quoting: it has what is asked for, and words of the question beside names."""
    asked = question.beside_names or question.terms.words
    return holds_kind(question, window.text) and bool(asked & terms_of(window.text).words)


def _belongs(hit: Hit, before: Sentence, sentence: Sentence) -> bool:
    """Whether a sentence is read together with the one before: in the same paragraph, or leaning back on it."""
    if sentence.end - before.start > LONGEST_QUOTE:
        return False
    begin = hit.passage.start
    between = hit.passage.text[before.end - begin : sentence.start - begin]
    return "\n" not in between or bool(_LEANS_BACK.match(hit.passage.text[sentence.start - begin :]))


def _with_turn(window: Window) -> Window:
    """Take in the sentence that follows where it turns what was said: a quote must not stop before its “but”."""
    follower = next((s for s in window.hit.passage.sentences if s.start >= window.end), None)
    if follower is None or follower.kind != "prose" or follower.end - window.start > LONGEST_QUOTE:
        return window
    begin = window.hit.passage.start
    rest = window.hit.passage.text[window.end - begin : follower.end - begin]
    if "\n" in rest or not _TURNS.match(rest.lstrip()):
        return window
    return replace(_window(window.hit, window.start, follower.end, window.focus), logit=window.logit)


def _window(hit: Hit, start: int, end: int, focus: int) -> Window:
    text = hit.passage.text[start - hit.passage.start : end - hit.passage.start]
    return Window(hit, start, end, text, focus, 0.0)


def _alone(window: Window) -> Window:
    return replace(window, start=window.focus, text=window.text[window.focus - window.start :])


def _repeats(window: Window, other: Window) -> bool:
    """Whether two windows overlap or say the same in nearly the same words."""
    if window.hit.document.id == other.hit.document.id and window.start < other.end and other.start < window.end:
        return True
    words, others = terms_of(_alone(window).text), terms_of(_alone(other).text)
    shared, both = len(words.words & others.words), len(words.words | others.words)
    return both > 0 and shared / both >= 0.8 and words.numbers == others.numbers


def _others(question: Question, judged: Sequence[Window], chosen: Sequence[Window]) -> list[Window]:
    """Give the best window of each thing, and each source, that is asked about and not spoken of yet."""
    within = [window for window in judged if window.logit > judged[0].logit - _FAR]
    found: list[Window] = []
    if question.expects in _BROAD or len(question.subjects) > 1:
        for subject in question.subjects:
            if not any(names(window, subject) for window in chosen):
                found.extend([window for window in within if names(window, subject)][:1])
    if _ACROSS.search(question.text):
        heard = {window.hit.document.id for window in chosen}
        for window in within:
            if window.hit.document.id not in heard and len(heard) < _VOICES:
                heard.add(window.hit.document.id)
                found.append(window)
    return found


def leans_back(text: str) -> bool:
    """Whether a sentence cannot be understood without the one before it."""
    return _LEANS_BACK.match(text) is not None


def rerank_passages(
    question: str, hits: Sequence[Hit], reranker: Reranker, recipe: Recipe = AS_BUILT
) -> tuple[Hit, ...]:
    """Order the first hits again by fused score and the cross-encoder's probability for the whole passage.

    Hits further down keep their order, below the same weight of the rest.
    """
    share = recipe.by_cross_encoder
    head, tail = hits[: recipe.reranked], hits[recipe.reranked :]
    logits = reranker.score(question, [titled(hit.document, hit.passage.text) for hit in head])
    blended = [
        replace(hit, score=(1 - share) * hit.score + share / (1 + math.exp(-logit)), stage="reranked")
        for hit, logit in zip(head, logits, strict=True)
    ]
    blended.sort(key=lambda hit: (-hit.score, hit.document.id, hit.passage.start))
    return (*blended, *(replace(hit, score=(1 - share) * hit.score, stage="reranked") for hit in tail))
