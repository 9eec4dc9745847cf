"""Know the people whom a conversation named, and whether they are spoken of as he or she."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from rag.question import subjects_of

Gender = Literal["he", "she", ""]
"""Empty where it is not known."""

_HE = "he him his himself mr sir herr king lord chairman spokesman".split()
_SHE = "she her hers herself ms mrs miss frau queen lady chairwoman spokeswoman".split()
_OF_GENDER: dict[str, Gender] = {**dict.fromkeys(_HE, "he"), **dict.fromkeys(_SHE, "she")}
_RANK = re.compile(
    r"(?:(?:mr|sir|herr|king|lord|ms|mrs|miss|frau|queen|lady|dr|prof(?:essor)?|president|prime|minister|chancellor|"
    r"mayor|judge|justice|senator|governor|director|captain|general|colonel|inspector|secretary|chief|executive|"
    r"ambassador|bishop|pope|prince|princess)\b\.?\s+)+",
    re.IGNORECASE,
)
_CUE = re.compile(rf"\b(?:{'|'.join(_OF_GENDER)})\b", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_FIRM = re.compile(
    r"\b(?:Inc|Ltd|LLC|plc|Corp|Co|AG|GmbH|Group|Company|Corporation|Bank|Agency|Authority|Ministry|Department|"
    r"Council|Committee|Commission|Court|University|Institute|Association|Union|Party|Holdings?|Partners|"
    r"Industries|Systems|Solutions|Services|Technologies|Works|Bridgeworks|Consult(?:ing|ants)?|Airlines?|Motors?|"
    r"Energy|Media|News|Press|Times|Ledger|Post|Gazette|Monitor|Hospital|School|College|Church|Club|Foundation|"
    r"Office|Bureau|Board|Treaty|Act|Street|Square|Bridge|Road|Park|River|Island|Airport|Station|Museum|"
    r"Palace|Tower|City|State|States|Kingdom|Republic|Sea|Ocean|Lake|Mountains?|War|Day|Week|Festival|Games)\b|&|\d"
)
"""What makes two capitalised words the name of something other than a person."""


def people_in(texts: Iterable[str], before: Mapping[str, Gender] | None = None) -> dict[str, Gender]:
    """Give the people whom the texts of a conversation name, the last named last, with what is known of each.

    `before` are those whom earlier texts named.

    A title before a name tells (`Ms Rusk`), or a pronoun in a sentence that names one person alone.

    >>> people_in(["What does the agreement give Doran Pell, and did he sign it?", "Agathe Rusk signed it."])
    {'Doran Pell': 'he', 'Agathe Rusk': ''}
    """
    people = dict(before or {})
    for sentence in (sentence for text in texts for sentence in _SENTENCE.split(text)):
        for written in _named(sentence):
            name, gender = _bare(written)
            known = next((one for one in reversed(people) if one == name or one.endswith(f" {name}")), name)
            people[known] = people.pop(known, "") or gender
        inside = [name for name in people if name.rsplit(" ", 1)[-1] in sentence]
        cues = {_OF_GENDER[cue.casefold()] for cue in _CUE.findall(sentence)}
        if len(inside) == len(cues) == 1:
            people[inside[0]] = people[inside[0]] or cues.pop()
    return people


def named_in(text: str) -> list[str]:
    """Give the names in a text, sentence by sentence, as written."""
    return [name for sentence in _SENTENCE.split(text) for name in subjects_of(f"x {sentence}")]


def is_firm(name: str) -> bool:
    """Whether a name says that it is not a person's: a firm, an office, a place."""
    return _FIRM.search(name) is not None


def may_be(pronoun: str, name: str, people: dict[str, Gender]) -> bool:
    """Whether a person may be meant by a pronoun: nothing known of them says otherwise.

    >>> may_be("him", "Agathe Rusk", {"Agathe Rusk": "she"}), may_be("them", "Agathe Rusk", {"Agathe Rusk": "she"})
    (False, True)
    """
    gender = _OF_GENDER.get(pronoun.casefold(), "")
    known = next((one for person, one in people.items() if person.split()[-1] == name.split()[-1]), "")
    return not gender or not known or gender == known


def _named(sentence: str) -> list[str]:
    """The names of a sentence that may be of people: two words or more, or one after a title."""
    names = [name for name in subjects_of(f"x {sentence}") if 2 <= len(name.split()) <= 5 and not is_firm(name)]
    return [name for name in names if not re.search(rf"\b(?:in|at|near) {re.escape(name)}", sentence)]


def _bare(name: str) -> tuple[str, Gender]:
    """A name without titles and ranks, and what they tell."""
    rank = _RANK.match(name)
    if rank is None:
        return name, ""
    return name[rank.end() :], _OF_GENDER.get(rank.group().split()[0].casefold().strip("."), "")
