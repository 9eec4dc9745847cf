"""Put evidence in its time: prefer the time that is asked for, the newest where that is asked, and order by time."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answers import Window
from rag.question import Question
from rag.terms import terms_of
from rag.when import Period, earlier, wants_latest, years_in

_OUT_OF_TIME = 1.5
"""How far a window is put back that speaks of another time than is asked for, in logits."""
_NEWEST = 1.5
"""How far the newest of the windows is put forward where the latest is asked for, in logits."""
_CLOSE = 4.0
"""How far behind the best window one may be that is put forward for being new, in logits."""
_OLD = 90
"""In days: how much newer a document has to be to make what is cited old."""
_SAME_POINT = 2.0
"""How far behind what is cited a newer window may be that speaks of the same point, in logits."""
_NOW = re.compile(r"\b(?:is|are|does|do|will|has|have|can|may|must|should|now|still|ist|sind|wird|werden|hat)\b", re.I)
_THEN = re.compile(r"\b(?:did|was|were|had|war|waren|wurde|wurden|hatte|hatten)\b", re.IGNORECASE)


def in_time(question: Question, judged: Sequence[Window], period: Period | None) -> tuple[Window, ...]:
    """Order the windows anew by the time that a question asks for; as they were, where it asks for none."""
    if period is None and not wants_latest(question.text):
        return tuple(judged)
    dates = sorted({_published(window) for window in judged if window.logit > judged[0].logit - _CLOSE} - {""})
    weights = []
    for place, window in enumerate(judged):
        moved = _OUT_OF_TIME if period and _out_of_time(window, period) else 0.0
        if not period and len(dates) > 1 and _published(window) in dates:
            moved -= _NEWEST * dates.index(_published(window)) / (len(dates) - 1)
        weights.append((moved - window.logit, place))
    return tuple(judged[place] for _, place in sorted(weights))


def old_evidence(question: Question, cited: Sequence[Window], judged: Sequence[Window]) -> tuple[str, Window] | None:
    """Find a clearly newer document on the same point: the newest date that is cited, and the newer window.

    Only where it is asked how things are or will be: what was does not grow old.
    """
    dates = [_published(window) for window in cited]
    of_now = _NOW.search(question.text) and not _THEN.search(question.text) and not question.terms.years
    if not all(dates) or not dates or not of_now:
        return None
    newest, worst = max(dates), min(window.logit for window in cited)
    shown = {window.hit.document.id for window in cited}
    for window in judged:
        published = _published(window)
        if (
            published
            and window.hit.document.id not in shown
            and window.logit > max(0.0, worst - _SAME_POINT)
            and earlier(newest, _OLD, published)
            and len(question.terms.words & terms_of(window.text).words) >= min(2, len(question.terms.words))
        ):
            return newest, window
    return None


def in_order(windows: Sequence[Window]) -> list[Window]:
    """Order windows by their documents' dates, undated ones last."""
    return sorted(windows, key=lambda window: (_published(window) or "9999", window.hit.document.id, window.start))


def _out_of_time(window: Window, period: Period) -> bool:
    """Whether a window speaks of another time: its own years decide, else the time of its document.

    What was published later may well tell of an earlier time; what was published before cannot tell of a later one.
    """
    years = set(years_in(window.text)) or set(years_in(window.hit.passage.place.heading or ""))
    if years:
        return not any(period.holds(year) for year in years)
    published = _published(window)
    return bool(published and period.start and published < period.start[: len(published)])


def _published(window: Window) -> str:
    return window.hit.document.metadata.published or ""
