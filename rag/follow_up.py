"""Make a follow-up stand alone, by rules, from the questions before it and the last answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rag.answers import Turn
from rag.people import Gender, is_firm, may_be, named_in, people_in
from rag.question import ASKING, Question, aside, subjects_of, understand
from rag.terms import FUNCTION_WORDS, MONTHS, WEEKDAYS, terms_of

_AUXILIARIES = "is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|might|must"
_PREPOSITIONS = "about|against|at|between|by|during|for|from|in|into|of|on|over|to|under|with|without"
_AUXILIARY = re.compile(rf"(?:{_AUXILIARIES})\b", re.IGNORECASE)
_BEFORE_A_VERB = frozenset("do does did can could will would should may might must".split())
_PARTICIPLE = re.compile(
    r"\w+(?:ed|ing)$|(?:built|made|held|sold|paid|hurt|born|done|gone|known|shown|found|won|lost|left|cut|set|put|begun|"
    r"brought|bought|chosen|drawn|driven|fallen|given|grown|hit|kept|laid|led|met|read|risen|run|said|seen|sent|shut|"
    r"spent|spoken|stolen|struck|taken|taught|told|thought|thrown|written|broken|called)$",
    re.IGNORECASE,
)
_OPENING = re.compile(r"^(?:and|but|so|also|or|then|ok(?:ay)?|well|und|aber)\b[,\s]+(?=\S)", re.IGNORECASE)
_AGAIN = re.compile(
    r"(?:please )?(?:(?:tell me |say |give me )?(?:some )?more(?: details?)?(?: about (?:it|that|this))?|go on|"
    r"continue|(?:(?:can|could) you )?(?:explain|elaborate)(?: (?:it|that|this))?|anything else|shorter|longer|really|"
    r"(?:are|r) you (?:really )?sure|is (?:it|that|this) (?:really )?(?:true|right|correct|so)|prove it|says who|"
    r"(?:who|which (?:sources?|documents?|articles?)) (?:says?|said) (?:so|that|this|it)|sources?|"
    r"how do you know(?: that| this)?|where (?:does it say|is|did you get) (?:that|this)(?: from)?)(?: please)?",
    re.IGNORECASE,
)
"""Asks the question before once more: the answer shows its sources anyway."""
_BARE = re.compile(
    r"(why(?: not)?|when|where|how|who|what|which|how much|how many|since when|until when|(?:by|for|with|from|to) whom|"
    r"how long|how often|(?:which|what) ones?|by how much|why so \w+|warum|wann|wo|wie)(?: exactly| then)?",
    re.IGNORECASE,
)
_WHY = re.compile(r"(?:how come|how so|why so|why (?:is|was) (?:that|this|it))(?: so)?", re.IGNORECASE)
_INVERTING = frozenset(("why", "when", "where", "how", "since when", "until when", "by whom", "how long", "how often"))
_TIME = re.compile(
    r"(?:(?:in|on|by|during|since|before|after|until|for)\s+(?:\w+\s+){0,3}?(?:1\d|20)\d\d|(?:1\d|20)\d\d|"
    r"(?:(?:in|since|until)\s+)?(?:last|next|this) (?:year|month|week|spring|summer|autumn|fall|winter)|"
    r"(?:today|yesterday|now|nowadays))",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:1\d|20)\d\d\b")
_TIMES_NAMED = re.compile(
    r",?\s+(?:(?:from|between)\s+(?:1\d|20)\d\d\s+(?:to|and|until)\s+(?:1\d|20)\d\d|"
    r"(?:last|next|this) (?:year|month|week)|today|yesterday|now)\b",
    re.IGNORECASE,
)
_WHAT_ABOUT = re.compile(r"(?:what|how) about\s+(.+)", re.IGNORECASE)
_PERSONAL = re.compile(r"\b(he|him|she|they|them|it|his|hers|her|their|its)\b", re.IGNORECASE)
_POSSESSIVE = frozenset(("his", "her", "their", "its"))
_EXPLETIVE = re.compile(
    r"\b(?:is|was|would|will) it (?:\w+ ){0,2}?(?:that|to|for|if|when|whether)\b|"
    r"\bit (?:takes?|took|means?|rains?|snows?|seems?|was that)\b|\bdoes it (?:take|mean|cost) to\b|what time is it\b",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"\b(?:this|these|those)\b(?! (?:year|month|week|day|days|time|century|morning|evening|spring|"
    r"summer|autumn|winter)\b)|"
    rf"\bthat(?=\s*$|\s+(?:{_PREPOSITIONS})\b)|(?:^|\b(?:{_AUXILIARIES}|{_PREPOSITIONS})\s)that\b|"
    r"\bthat (?=(?:decision|claim|move|plan|law|report|figure|number|statement|agreement|contract|deal|change|case|"
    r"one)\b)|"
    r"\b(?:there|then|so)$|\bthe (?:latter|former|same|others?)\b|\bwhich one\b|^(?:what|who|where) else\b",
    re.IGNORECASE,
)
_DEFINING = re.compile(r"(?:what|who) (?:is|are|was|were|does) (?:an? |the )?\w[\w-]*(?: mean)?$", re.IGNORECASE)
_DATE = re.compile(
    rf"^(?:{MONTHS}|{WEEKDAYS})\b",
    re.IGNORECASE,
)
_GERMAN = re.compile(r"\b(?:der|die|das|den|dem)\s+[A-ZÄÖÜ]\w+")
_SOURCES = re.compile(
    r"\b(?:the|these|two|your|any)?\s*(?:sources?|documents?|articles?|papers?|reports?|texts?)$", re.IGNORECASE
)


_TELLING = re.compile(
    r"(?:what (?:do|does|did) .{0,40}\b(?:say|tell us|tell|write|report|mention)|tell me|what is (?:known|said))\s+"
    r"(?:about|of|on)\s+((?:\S+\s*){1,8})$",
    re.IGNORECASE,
)
_ORDINAL = (
    r"first|second|third|fourth|fifth|last|latest|next|previous|other|another|new|old|earlier|later|final|original|"
    r"current|former|bigger|smaller|larger|older|newer"
)
_ONE = re.compile(rf"\b(?P<which>(?:the\s+)?(?:{_ORDINAL}))\s+(?P<one>ones?)\b", re.IGNORECASE)
"""`The second one`: of what was named before."""
_NUMBERED = re.compile(rf"\b(?:{_ORDINAL})\s+(?P<things>[a-z][\w’'\s-]*)", re.IGNORECASE)
_SHARE = re.compile(
    r"^(?:how (?:much|many)|(?:what|which) (?:share|part|proportion|percentage))\s+of "
    r"(?:that|it|this|them|these|those)\b",
    re.IGNORECASE,
)
"""Asks for a part of the amount that was asked for before."""
_OF_A_FIRM = re.compile(
    r"\b(?:works? (?:for|at)|working (?:for|at)|worked (?:for|at)|employ\w*|headquarter\w*|based|bankrupt\w*|listed|"
    r"its (?:employees|staff|workers|workforce|chief executive|ceo|boss|owners?|founders?|headquarters|shareholders|"
    r"revenue|turnover|profits?|competitors|customers|products|annual|stock|shares?|board|chairman|directors?))\b",
    re.IGNORECASE,
)
"""What is asked of a firm or an office rather than of what it does."""
_LONGEST = 300
"""How long a follow-up may grow that a language model makes stand alone, in characters."""
_TOLD = 300
"""How much of the last answer is searched with a follow-up, in characters."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What was said so far, beside the question that a follow-up leans on."""

    answer: str = ""
    """The last one."""
    people: dict[str, Gender] = field(default_factory=dict)


def standalone(question: str, history: Sequence[Turn]) -> str:
    """Make a follow-up stand alone, by rules, from the questions before it and the last answer."""
    topic, told = "", _Told()
    for turn in history:
        if turn.role == "user" and aside(turn.content, first=not topic) is None:
            topic = _resolved(turn.content.strip(), topic, told)[1]
            told = _Told(told.answer, people_in([turn.content], told.people))
        elif turn.role == "assistant" and turn.content.strip():
            answer = re.sub(r"\s*\[\d+\]", "", turn.content)
            told = _Told(answer, people_in([answer], told.people))
    return _resolved(question.strip(), topic, told)[0]


def in_conversation(question: str, history: Sequence[Turn]) -> str:
    """Put the question before and the beginning of its answer in front of a question: for searching only."""
    asked = [turn.content for turn in history if turn.role == "user" and aside(turn.content) is None]
    answered = [turn.content for turn in history if turn.role == "assistant" and turn.content.strip()]
    told = re.sub(r"\s*\[\d+\]", "", answered[-1])[:_TOLD] if answered else ""
    return " ".join(part.strip() for part in (asked[-1] if asked else "", told, question) if part.strip())


def keeps_to(rewritten: str, question: str, history: Sequence[Turn]) -> bool:
    """Whether a rewritten follow-up is one question with all that was asked for, and nothing that nobody named."""
    if not rewritten.endswith("?") or "\n" in rewritten or len(rewritten) > _LONGEST:
        return False
    asked, told = terms_of(question), terms_of(rewritten)
    said = terms_of(" ".join([*(turn.content for turn in history), question]))
    kept = asked.names | asked.numbers | asked.years <= told.words | told.numbers | told.years
    return kept and told.names | told.numbers | told.years <= said.words | said.numbers | said.years


def is_first(history: Sequence[Turn]) -> bool:
    """Whether nothing but small talk was said before."""
    return not any(turn.role == "user" and aside(turn.content) is None for turn in history)


def _resolved(question: str, before: str, told: _Told) -> tuple[str, str]:
    """Give the standalone question, and the question that the next ones lean on."""
    if not before:
        return question, question
    opened = _OPENING.match(question) is not None
    question = _ONE.sub(lambda one: f"{one['which']} {_its_like(before) or one['one']}", question)
    bare = re.sub(r"\s+", " ", _OPENING.sub("", question)).strip(" ?!.,…")
    if _AGAIN.fullmatch(bare):
        return before, before
    if _WHY.fullmatch(bare):
        return _asked_again(before, "why")
    if _BARE.fullmatch(bare):
        return _asked_again(before, re.sub(r" (?:exactly|then)$", "", bare, flags=re.IGNORECASE))
    other = _WHAT_ABOUT.fullmatch(bare)
    about = other.group(1) if other else bare if (opened or _TIME.fullmatch(bare)) and _is_short(bare) else None
    if about is not None:
        return _about_another(before, about, told)
    whole = question if not opened else f"{bare[:1].upper()}{bare[1:]}{'?' if '?' in question else ''}"
    if not _leans(bare):
        return whole, whole
    return _with_antecedent(whole, before, told)


def _its_like(before: str) -> str:
    """What `the second one` is one of: the things that the question before numbers, else what it is about."""
    numbered = _NUMBERED.search(before)
    words = (numbered["things"] if numbered else re.sub(r"^(?:the|an?)\s", "", _thing(before))).split()
    stop = next((place for place, word in enumerate(words) if _ends_thing(word, place)), len(words))
    thing = " ".join(words[:stop][:4]).strip(",;")
    return thing if thing[:1].islower() else ""


def _ends_thing(word: str, place: int) -> bool:
    plain = word.strip(",;").casefold()
    return place > 0 and plain != "of" and (plain in FUNCTION_WORDS or _PARTICIPLE.fullmatch(plain) is not None)


def _is_short(bare: str) -> bool:
    return len(bare.split()) <= 5 and not ASKING.match(bare) and not _AUXILIARY.match(bare)


def _leans(bare: str) -> bool:
    """Whether a question cannot be understood without the one before it."""
    pronoun = _PERSONAL.search(bare)
    if pronoun and pronoun.group(1).casefold() == "it" and _EXPLETIVE.search(bare):
        pronoun = None
    if pronoun and subjects_of(bare[: pronoun.start()]):
        follows = bare[pronoun.end() :].strip()
        return pronoun.group(1).casefold() in ("it", "him", "them") or not follows
    if pronoun or _POINTING.search(bare):
        return True
    return len(terms_of(bare).words) < 2 and not subjects_of(bare) and not _DEFINING.fullmatch(bare)


def _stripped(question: str) -> str:
    return question.strip().rstrip("?!. ").strip()


def _asked_again(before: str, asker: str) -> tuple[str, str]:
    """Ask the same with another asking word: `When was it built?` and `Why?` make `Why was it built?`."""
    plain = _stripped(before)
    asked = ASKING.match(plain)
    clause = plain[asked.end() :] if asked else plain
    auxiliary = _AUXILIARY.match(clause)
    counts = re.match(r"how (?:much|many|long|far|old|big|large|high)", plain, re.IGNORECASE)
    if auxiliary and not counts and "," not in clause:
        clause = auxiliary.group().lower() + clause[auxiliary.end() :]
        if asker.casefold() in _INVERTING:
            text = f"{asker.capitalize()} {clause}?"
            return text, text
        if asker.casefold() == "why not" and auxiliary.group().casefold() not in ("may", "might"):
            text = f"Why {_negated(auxiliary.group().lower())}{clause[auxiliary.end() :]}?"
            return text, text
    return _joined(before, asker)


def _negated(auxiliary: str) -> str:
    return {"can": "can't", "will": "won't"}.get(auxiliary, f"{auxiliary}n't")


def _joined(before: str, question: str) -> tuple[str, str]:
    """Ask both at once; what follows leans on the first, so that it does not grow with the conversation."""
    first = question.split(" ", 1)[0]
    lowered = question if subjects_of(f"x {first}") and not _is_function(first) else question[:1].lower() + question[1:]
    return f"{_stripped(before)}, and {_stripped(lowered)}?", before


def _is_function(word: str) -> bool:
    return word.casefold().rstrip("?,") in FUNCTION_WORDS or ASKING.match(word) is not None


def _about_another(before: str, other: str, told: _Told) -> tuple[str, str]:
    """Ask the question before of something else: another time, name or thing."""
    if _TIME.fullmatch(other):
        text = _in_another_time(before, other)
        return text, text
    if _PERSONAL.search(other):
        return _about_something_of(before, other, told)
    replaced = _replaced(before, other)
    return (replaced, replaced) if replaced else _joined(before, f"what about {other}")


def _in_another_time(before: str, time: str) -> str:
    time = time[:1].lower() + time[1:]
    year, years = _YEAR.search(time), _YEAR.findall(before)
    if year and len(years) == 1:
        return _YEAR.sub(year.group(), before, count=1)
    joined = f"in {time}" if year and year.start() == 0 else time
    plain = _TIMES_NAMED.sub("", _stripped(before))
    plain = re.sub(r"\s+in (?:1\d|20)\d\d\b", "", plain) if not year else plain
    return f"{plain} {joined}?"


def _about_something_of(before: str, other: str, told: _Told) -> tuple[str, str]:
    """`What about his predecessor?`: in the place of his name, where the question before has one."""
    named = _put_in(other, before, told)
    if named is None:
        return _joined(before, f"what about {other}")
    antecedent = _antecedent(other, before, told)
    pronoun = _PERSONAL.search(other)
    possessive = pronoun and pronoun.start() == 0 and pronoun.group(1).casefold() in _POSSESSIVE
    if possessive and antecedent in subjects_of(before):
        text = before.replace(antecedent, named, 1)
    else:
        text = f"What about {named}?"
    return text, text


def _replaced(before: str, other: str) -> str | None:
    """Put something else in the place of its like in the question before."""
    preposition = re.match(rf"({_PREPOSITIONS})\s", other, re.IGNORECASE)
    if preposition:
        places = list(
            re.finditer(rf"\b{preposition.group(1)}\s.+?(?=\s(?:{_PREPOSITIONS})\s|[?.,]|$)", before, re.IGNORECASE)
        )
        return before[: places[-1].start()] + other + before[places[-1].end() :] if places else None
    german = _GERMAN.search(before)
    if german and _GERMAN.fullmatch(other):
        return before[: german.start()] + other + before[german.end() :]
    phrase = _subject(before)
    names = subjects_of(before)
    if re.match(r"(?:the\s+)?[A-Z]", other) and names:
        name = next((name for name in names if phrase and name in before[phrase[0] : phrase[1]]), names[-1])
        return before.replace(name, other, 1)
    if phrase and re.match(r"(?:the|an?)\s|\w+s\b", other):
        return before[: phrase[0]] + other + before[phrase[1] :]
    return None


def _subject(question: str) -> tuple[int, int] | None:
    """Find the noun phrase that a question is about: where it begins and ends."""
    plain = _stripped(question)
    asked = ASKING.match(plain)
    start = asked.end() if asked else 0
    auxiliary = re.compile(rf"{_AUXILIARY.pattern}\s+", re.IGNORECASE).match(plain, start)
    if auxiliary:
        phrase = _phrase(plain, auxiliary.end(), auxiliary.group().strip().casefold())
        if phrase and not _SOURCES.fullmatch(plain[phrase[0] : phrase[1]]):
            return phrase
        start = phrase[1] if phrase else auxiliary.end()
    article = re.compile(r"\b(?:the|an?)\s+(?=\w)", re.IGNORECASE).search(plain, start)
    if article:
        return _phrase(plain, article.start(), "")
    return None


def _phrase(plain: str, start: int, auxiliary: str) -> tuple[int, int] | None:
    """Follow a noun phrase from its first word; a verb that the auxiliary calls for is not part of it."""
    words: list[tuple[int, int, str]] = []
    for match in re.finditer(r"\S+", plain[start:]):
        word = match.group().strip(",;")
        article = not words and word.casefold() in ("the", "a", "an")
        linking = word in ("&", "and", "of") and words and plain[start + match.end() :].lstrip()[:1].isupper()
        if word.casefold() in FUNCTION_WORDS and not article and not linking:
            break
        words.append((start + match.start(), start + match.start() + len(word), word))
        if match.group().endswith((",", ";")):
            break
    first_is_article = bool(words) and words[0][2].casefold() in FUNCTION_WORDS
    if auxiliary in _BEFORE_A_VERB or (len(words) > 1 and _PARTICIPLE.match(words[-1][2])):
        capitals = [place for place, word in enumerate(words) if word[2][0].isupper()]
        last = capitals[-1] if capitals and not first_is_article else len(words) - 2
        words = words[: last + 1]
    if len(words) < 1 + first_is_article or words[-1][2].casefold() in FUNCTION_WORDS:
        return None
    return words[0][0], words[-1][1]


def _with_antecedent(question: str, before: str, told: _Told) -> tuple[str, str]:
    """Put what is meant in the place of the pronoun, or ask both questions at once."""
    text = None if _SHARE.match(question) else _put_in(question, before, told)
    if text is None:
        return _joined(before, question)
    text = text[:1].upper() + text[1:]
    return text, text


def _put_in(text: str, before: str, told: _Told) -> str | None:
    match = _PERSONAL.search(text) or re.search(
        rf"(?<=\b)(?:this|that)(?=\s+(?:{_AUXILIARIES}|cost|take|mean|work|happen)\b)", text, re.IGNORECASE
    )
    antecedent = _antecedent(text, before, told)
    if match is None or not antecedent:
        return None
    possessive = match.group().casefold() in _POSSESSIVE and re.match(r"\s+\w", text[match.end() :]) is not None
    owner = antecedent + ("'" if antecedent.endswith("s") else "'s") if possessive else antecedent
    return text[: match.start()] + owner + text[match.end() :]


def _antecedent(text: str, before: str, told: _Told) -> str:
    """What a pronoun of a follow-up stands for; nothing where the rules do not know."""
    asked = understand(before)
    match = _PERSONAL.search(text)
    pronoun = match.group(1).casefold() if match else "it"
    if pronoun in ("it", "its") or match is None:
        return (_OF_A_FIRM.search(text) and _firm_named(told.answer, asked)) or _thing(before)
    plural = pronoun in ("they", "them", "their")
    if asked.expects == "person" and (named := _person_named(told, asked, pronoun)):
        return named
    if plural and (several := _several(before)):
        return several
    names = [name for name in asked.subjects if not _DATE.search(name) and may_be(pronoun, name, told.people)]
    if not plural and not any(name in told.people for name in names):
        names = [*filter(None, [_person_named(told, asked, pronoun)]), *names]
    return next(iter(names), _thing(before))


def _thing(before: str) -> str:
    """The thing that a question is about, with what it is of: `the population of Kolmere`."""
    if told := _TELLING.match(_stripped(before)):
        return told.group(1)
    phrase = _subject(before)
    if phrase is None:
        return next((name for name in subjects_of(before) if not _DATE.search(name)), "")
    plain = _stripped(before)
    of = re.compile(r"\s+of(?:\s+(?:the|an?))?(?:\s+[\w’'-]+){1,3}$").match(plain, phrase[1])
    named = re.compile(r"\s+of(?:\s+(?:the\s+)?[A-Z][\w’'-]*)+").match(plain, phrase[1])
    longer = of or named
    thing = plain[phrase[0] : longer.end() if longer else phrase[1]]
    return re.sub(r"^(?:an?)\s", "the ", thing)


def _several(before: str) -> str:
    """The things counted or chosen: `Which firms bid for it?` is about `the firms that bid for it`."""
    match = re.match(
        r"(?:which|what|how many)\s+((?:\w+\s+)?\w+s|people|men|women|children)\s+(.+)",
        _stripped(before),
        re.IGNORECASE,
    )
    if not match or _is_function(match.group(1)):
        return ""
    rest = match.group(2)
    inverted = re.match(r"(?:do|does|did)\s", rest, re.IGNORECASE) or len(rest.split()) > 9
    return f"the {match.group(1)}" if inverted else f"the {match.group(1)} that {rest}"


def _person_named(told: _Told, asked: Question, pronoun: str) -> str | None:
    """The first person whom the last answer named, other than the question did, and whom the pronoun may mean."""
    known = {name.casefold() for name in asked.subjects}
    names = [name for name in named_in(told.answer) if name.casefold() not in known]
    names = [name for name in names if len(name.split()) > 1 and not is_firm(name) and not _DATE.search(name)]
    return next((name for name in names if may_be(pronoun, name, told.people)), None)


def _firm_named(answer: str, asked: Question) -> str | None:
    """The first firm or office that the last answer named, other than the question did."""
    known = {name.casefold() for name in asked.subjects}
    return next((name for name in named_in(answer) if is_firm(name) and name.casefold() not in known), None)
