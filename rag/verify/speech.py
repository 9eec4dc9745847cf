"""Whether what somebody says, believes or plans stays theirs: reported speech must not become fact."""

from __future__ import annotations

import re

_REPORTS = re.compile(
    r"\b(?:says?|said|claim(?:s|ed|ing)|alleg(?:e|es|ed|edly|ations?)|argu(?:e|es|ed|ing)|insist(?:s|ed|ing)?|"
    r"according to|accus(?:e|es|ed|ing)|suggest(?:s|ed|ing)|warn(?:s|ed|ing)|told|reportedly|believ(?:e|es|ed)|thinks?|"
    r"in the (?:view|words|opinion|eyes) of|predict(?:s|ed)?|critics|declared|stated|asserts?|asserted|supposedly|"
    r"purportedly|rumou?red|my view|arguably|contend(?:s|ed)?|fear(?:s|ed)?|maintain(?:s|ed)? that|caution(?:s|ed)?|"
    r"(?:wrote|writes|added|adds|testif(?:y|ies|ied)|complain(?:s|ed)?) that|"
    r"(?:stud(?:y|ies)|surveys?|polls?|research(?:ers)?|scientists)\b[^.]{0,60}\b"
    r"(?:find|finds|found|shows?|showed))\b|,\s(?:[\w.’'-]+\s){1,4}(?:added|wrote|adds|writes)[,.]|[“\"«„][^“”\"«»„]{40,}[”\"»“]",
    re.IGNORECASE,
)
"""Words, and long quotations, that make a sentence somebody's rather than its document's."""
_TELLS_WHO = re.compile(
    rf"{_REPORTS.pattern}|\b(?:saying|tells?|announc(?:e|es|ed)|report(?:s|ed)|describ(?:e|es|ed)|call(?:s|ed)|"
    r"consider(?:s|ed)?|regard(?:s|ed)?|seen? as|views?|viewed|wants?|wanted|hop(?:e|es|ed|ing)|expect(?:s|ed)?|"
    r"estimat(?:e|es|ed)|plan(?:s|ned)|propos(?:e|es|ed)|promis(?:e|es|ed)|urg(?:e|es|ed)|think|thought|forecast|"
    r"analysts|observers|commentators|supporters|opponents)\b",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"\b(?:(?-i:may)|might|could|perhaps|possibl[ey]|probably|likely|unlikely|apparently|seem(?:s|ed|ingly)?|"
    r"appear(?:s|ed)? to|reportedly|allegedly|supposedly|potential(?:ly)?|presumably|would|should|suspect(?:s|ed)?)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"\b(?:if|unless|provided that|as long as|in case|depending on)\b", re.IGNORECASE)
_AHEAD = re.compile(
    r"\b(?:plan(?:s|ned)?|propos(?:es|ed|al)|expect(?:s|ed)?|set to|inten(?:d|ds|ded)|aim(?:s|ed|ing)?|"
    r"hop(?:e|es|ed|ing)|will|shall|want(?:s|ed)?|can|must|promis(?:e|es|ed)|forecast|estimate[sd]?)\b",
    re.IGNORECASE,
)


def stays_reported(statement: str, evidence: str) -> bool:
    """Whether a statement that rests on somebody's words, guesses or plans says so, as its evidence does.

    `evidence` is the sentence, or the few, that the statement rests on.
    """
    if _TELLS_WHO.search(statement):
        return True
    if _REPORTS.search(evidence):
        return False
    weak, ahead = bool(_WEAK.search(statement)), bool(_AHEAD.search(statement))
    if _CONDITION.search(evidence) and not _CONDITION.search(statement):
        return False
    if _WEAK.search(evidence):
        return weak
    return weak or ahead or not _AHEAD.search(evidence)
