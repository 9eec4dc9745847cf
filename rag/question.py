"""Understand a question: small talk, follow-ups, parts, and what it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rag.terms import FUNCTION_WORDS, Terms, stems_of, terms_of

Expects = Literal["person", "place", "time", "number", "reason", "list", "comparison", "summary", "yes_no", "thing"]

_HELLO = (
    r"(?:hi|hello|hey|hallo|moin|servus|good (?:morning|afternoon|evening|day)|greetings|"
    r"guten (?:tag|morgen|abend)|grüß gott|grüezi|hallöchen|howdy|yo)(?: there| dossier| everyone| zusammen| du)?"
)
_ASIDES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            rf"{_HELLO}(?: how are you(?: doing)?(?: today)?| wie geht(?: e?s))?|"
            r"how are you(?: doing)?(?: today)?|wie geht(?: e?s)(?: dir| ihnen)?|what s up|"
            r"nice to meet you|pleased to meet you|freut mich|test(?:ing)?"
        ),
        "Hello! Ask me about your documents: I answer in their own words and show where each sentence stands.",
    ),
    (
        re.compile(
            r"(?:(?:many )?thanks?(?: you)?(?: very much| so much| a lot)?(?: for (?:your|the) help)?|"
            r"thx|ty|cheers|got it|i see|al(?:l )?right|"
            r"(?:vielen |besten |vielen lieben |herzlichen )?dank|"
            r"danke ?(?:schön|sehr|dir|ihnen)?(?: für (?:die|deine|ihre) hilfe)?|"
            r"never mind|no thanks|nein danke|schon gut|verstanden|(?:that (?:is|was) )?(?:very )?helpful|"
            r"(?:great|perfect|good|nice|wonderful|excellent|ok|okay|prima|super|alles klar)"
            r"(?: (?:(?:many )?thanks?(?: you)?|danke))?)(?: dossier)?",
        ),
        "You are welcome. Ask on whenever you like.",
    ),
    (
        re.compile(
            r"(?:good ?bye|bye(?: bye)?|see you(?: later| soon)?|ciao|tschüss|tschau|bis (?:bald|dann|später)|"
            r"auf wiedersehen)"
        ),
        "Goodbye! Your documents stay where they are.",
    ),
    (
        re.compile(
            rf"(?:{_HELLO} )?(?:what can you do(?: for me)?|what do you do|who are you|what are you|what is dossier|"
            r"how do you work|how does (?:this|it|dossier) work|help(?: me)?|can you help me|what can i ask(?: you)?|"
            r"how (?:do|can) i use (?:you|this|dossier)|"
            r"how can you help me|what is your name|who made you|"
            r"are you (?:an? )?(?:bot|robot|human|person|ai|machine)|bist du (?:ein )?(?:mensch|roboter|bot)|"
            r"wie heißt du|was machst du|wie kannst du mir helfen|wer bist du|"
            r"was kannst du(?: alles)?(?: (?:für mich )?tun)?|"
            r"was ist dossier|wie funktioniert (?:das|dossier)|(?:hilfe|hilf mir|kannst du mir helfen))",
        ),
        "I am Dossier. Add documents, then ask a question: I look for the passages that answer it, quote them word "
        "for word with their source, date and place, show where sources disagree, and say so when they do not tell.",
    ),
)
_OF_SOMETHING_NAMED = re.compile(r"how does (?:this|it) work|wie funktioniert das|how (?:do|can) i use this")
"""Asks about Dossier only at the beginning of a conversation; later on it asks about what was named before."""
ASKING = re.compile(
    r"^(?:(?:please|can you|could you|tell me(?: more)?(?: about)?|do you know|i want to know)\s+)*"
    r"(?:(?:(?:by|for|with|from|to|since|until|in|on|at)\s+)?(?:what|which|who|whom|whose|when|where|why|how)(?:\s+(?:much|many|long|often|far|old|big|large|exactly|else))?"
    r"|explain|describe|summari[sz]e|list|name|compare)\b\s*"
    r"(?:(?:do|does|did) (?:the |these |two |your )*(?:sources?|documents?|articles?|papers?|reports?)\s+"
    r"(?:say|tell|report|write|mention|describe)\w*\s*(?:us\s+)?(?:about|on|of)?\s*)?",
    re.IGNORECASE,
)


_OPENERS = frozenset("according based compared concerning considering despite following given regarding".split())
"""Words that often begin a sentence and are no names."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question that stands alone, with what it names and expects."""

    text: str
    """What is searched: the standalone question."""
    terms: Terms
    expects: Expects
    subjects: tuple[str, ...]
    """The names in it, as written, in order."""
    context: str = ""
    """For a follow-up, the question in its conversation: searched too, since rules may miss what it leans on."""
    written: str = ""
    """As it was written, where words of it were read otherwise: searched too."""
    spelled: tuple[tuple[str, str], ...] = ()
    """The words that were read otherwise: as written, and as the documents spell them."""

    @property
    def beside_names(self) -> frozenset[str]:
        """Stems of the words that carry the subject, beside those of the names in it."""
        return self.terms.words - {stem for subject in self.subjects for stem in stems_of(subject)}


def aside(question: str, *, first: bool = True) -> str | None:
    """Give the kind reply to a greeting, thanks or a question about Dossier itself; None for anything else.

    `first`: whether it begins the conversation.
    """
    plain = re.sub(r"[\s!?.,…:;)(’']+", " ", question).strip().lower()
    if not first and _OF_SOMETHING_NAMED.fullmatch(plain):
        return None
    for pattern, reply in _ASIDES:
        if pattern.fullmatch(plain):
            return reply
    return None


def understand(text: str, context: str = "") -> Question:
    """Read what a standalone question names and what kind of answer it expects."""
    text = _calm(text.strip())
    return Question(
        text=text,
        terms=terms_of(text),
        expects=_expects(text),
        subjects=subjects_of(text),
        context=context,
    )


def _calm(text: str) -> str:
    """Take the shouting out of a question that is written in capitals; acronyms and short words are none."""
    words = [word for word in re.findall(r"[^\W\d_]+", text) if len(word) > 1]
    if len(words) < 4 or any(not word.isupper() for word in words):
        return text
    return text[:1] + text[1:].lower()


def subjects_of(text: str) -> tuple[str, ...]:
    """Give the names in a question, as written: runs of capitalised words, without the word that opens it."""
    found: list[str] = []
    for match in re.finditer(
        r"[A-Z][\w’'&-]*(?:\.(?=[\w ]))?(?:\s+(?:(?:of|the|for|de|van|von|al|&)\s+)*(?=[A-Z0-9])[\w’'.&-]+)*", text
    ):
        words = _within_a_sentence(match.group().rstrip(".,").split())
        while words and (words[0].casefold() in FUNCTION_WORDS | _OPENERS or ASKING.match(words[0] + " ")):
            words = words[1:]
        name = re.sub(r"[’']s$", "", " ".join(words).rstrip(".,"))
        if name and not (match.start() == 0 and len(words) == 1 and name.casefold() in FUNCTION_WORDS):
            found.append(name)
    return tuple(dict.fromkeys(found))


def _within_a_sentence(words: list[str]) -> list[str]:
    """Cut a run of capitalised words where a new sentence begins: “A Inc. Which” names A Inc."""
    for place, word in enumerate(words[1:], start=1):
        if words[place - 1].endswith(".") and word.casefold() in FUNCTION_WORDS:
            return words[:place]
    return words


def _expects(text: str) -> Expects:
    lowered = text.casefold().strip()
    rules: tuple[tuple[str, Expects], ...] = (
        (r"\bsummari[sz]e|\bsummary\b|\boverview\b|\boutline\b", "summary"),
        (
            r"\bcompar|\bdiffer|\bversus\b|\bvs\b|\bwhich (?:company|one|of (?:the|these) two)\b|\bthe two\b",
            "comparison",
        ),
        (
            r"(?:^|\b(?:since|until|till|by|from) )when\b|\bwhen (?:did|do|does|is|are|was|were|will|would|has|"
            r"have|had|should|can|could|must)\b|\bwhat (?:date|year|day|month|time)\b|"
            r"\b(?:in|on) (?:what|which) (?:year|date|day|month)\b|^(?:seit )?wann\b|\bwelche[nms]? (?:jahr|tag|monat)",
            "time",
        ),
        (
            r"\bhow (?:much|many|long|far|old|big|large|high|often)\b|\bwhat (?:percentage|number|share|amount)\b|"
            r"^what (?:do|does|did|will|would|has|have|had|is|was|are|were)\b.{0,80}\bcost(?:ing)?\b(?! of)|"
            r"\bwhat (?:is|was|are|were) (?:the |its |their |his |her )?(?:\w+ )?(?:price|cost|population|height|"
            r"length|width|depth|weight|age|salary|fee|budget|turnover|revenue|profit|speed|distance|temperature|score)\b|"
            r"^(?:um )?wie ?(?:viele?|hoch|lange?|weit|alt|groß|oft|teuer)\b",
            "number",
        ),
        (r"^who\b|\bwhose\b|\bwhom\b|\bby who\b|^(?:von )?we[rmn]\b|^wessen\b", "person"),
        (r"\bwhere\b|^wo(?:hin|her)?\b|\b(?:what|which) (?:city|country|place|town|state)\b", "place"),
        (r"\bwhy\b|^(?:warum|wieso|weshalb)\b|\bwhat (?:caused|made|reason)", "reason"),
        (r"\blist\b|\bwhat (?:are|were) (?:the|some|all)\b|\bwhich \w+s\b", "list"),
        (r"^(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b", "yes_no"),
    )
    return next((kind for pattern, kind in rules if re.search(pattern, lowered)), "thing")
