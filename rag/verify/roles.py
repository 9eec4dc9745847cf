"""Who does what to whom: whether a statement's words stand to one another as in one sentence of its evidence."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.language import language_of
from rag.terms import stem
from rag.verify.agree import sentences_in
from rag.verify.qualified import stays_qualified
from rag.verify.words import DENIAL, MODALS, OF, PRONOUNS, WHEN, Sentence, Word, forms_of, read, untied

_DROPPED = 3
"""How many words in a row may be left out where a part of a sentence goes on."""
_COPIED = 7
"""How many words taken over one after the other are a copy, whatever stands before them."""
_GENERAL = frozenset(
    stem(word)
    for word in """company firm business corporation group institution agency association bank
    brand charity club party team band school university museum hospital newspaper paper magazine broadcaster
    project programme program plan scheme city town village country state nation region province district county island
    river lake building bridge station ship author writer president minister man woman""".split()
)
"""Words that a text calls somebody by, or something, whose name it has told before: `the company`."""
_FIRMS = frozenset(stem(word) for word in "company firm business corporation group".split())
"""Those that may stand for one another."""
_TURNING = frozenset(
    stem(word)
    for word in """try attempt fail pretend refuse threaten promise vow pledge plan intend hope want seek sought agree
    offer decide due expect yet almost nearly stop cease halt quit avoid consider deny propose suspend partly partially
    rarely seldom sometimes former formerly ex acting interim deputy vice alleged would-be possible potential proposed
    planned second third fourth fifth half few""".split()
)
"""Words that cannot be left out of what is said without changing it."""
_ADVERBS = frozenset(stem(word) for word in "later earlier well together too also soon first last".split())
_REPORTING = frozenset(
    stem(word)
    for word in """say said tell told claim argue believe think thought insist warn allege suggest announce assert
    declare predict fear suspect estimate maintain contend complain explain acknowledge admit confirm conclude stress
    show find found know known indicate reveal doubt wonder ask report""".split()
)
"""What stands before it did not do what stands behind it."""
_OPPOSITE = ("un", "in", "im", "il", "ir", "dis", "non", "mis", "de", "under", "over")
_SHARED = 0.55
"""What share of the longer of two words both must begin with to be of one family."""
_TRIES = 4000
"""How many places are looked at for a statement in one sentence: repeated words could go on for ever."""


def roles_agree(statement: str, evidence: str, context: str) -> bool:
    """Whether one sentence of the evidence says the same of the same, in the order that tells who is who.

    A statement may leave out parts that do not limit it, move a date, and turn passive into active; what it adds from
    elsewhere in `context`, the evidence under its heading, has to stand where the sentence has a pronoun or nothing.
    Only English is known: of another language nothing is said.
    """
    if language_of(statement):
        return True
    said = [read(form) for form in forms_of(statement.strip(), moved_only=True)]
    sentences = sentences_in(evidence)
    heading = {word.stem for word in read(_without(context, sentences)).words}
    known = {word.stem for word in read(context).words}
    meant = set(heading)
    for sentence in sentences:
        others = {word.stem for word in read(_without(context, [sentence])).words}
        elsewhere = Elsewhere(known, others, heading, meant)
        told = [read(form) for form in forms_of(sentence.strip())]
        if stays_qualified(statement, sentence) and any(
            _Laying(one, other, elsewhere).works() for one in said for other in told
        ):
            return True
        meant = (meant if _goes_on_about(sentence) else heading) | _subject(told[0])
    return False


def _without(context: str, sentences: Sequence[str]) -> str:
    for sentence in sentences:
        context = context.replace(sentence, " ", 1)
    return context


def _goes_on_about(sentence: str) -> bool:
    """Whether a sentence is about what the one before it is about: it begins with a pronoun or `the company`."""
    first, _, rest = untied(sentence).partition(" ")
    return first.casefold() in PRONOUNS or (first == "The" and stem(rest.split(" ")[0].casefold()) in _FIRMS)


def _subject(sentence: Sentence) -> set[str]:
    """The first name of a sentence, or the words before the first that is done."""
    free = [word for word in sentence.words if word.free]
    end = next((at for at, word in enumerate(free) if at and (word.done is not None or not word.named)), len(free))
    return {word.stem for word in free[: max(1, end)]}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What else is known beside a sentence: stems of words."""

    known: set[str]
    """All that stands in the evidence and its heading."""
    others: set[str]
    """Of them what stands outside of the sentence."""
    heading: set[str]
    """Of them what stands in the heading: title, date."""
    meant: set[str]
    """What the sentence may mean without naming it: what an earlier one is about, and the heading."""


class _Laying:
    """Tries to lay a statement's words on those of a sentence."""

    def __init__(self, said: Sentence, told: Sentence, elsewhere: Elsewhere) -> None:
        stems = {word.stem for word in told.words}
        self._told = told
        self._elsewhere = elsewhere
        self._placed = [word for word in said.words if word.stem in stems]
        self._unknown = [word for word in said.words if word.stem not in stems]
        first = min((word.place for word in self._placed if word.free), default=0)
        opening = {word for word in self._unknown if word.free and word.place < first and word.stem not in _GENERAL}
        self._added = [word for word in self._unknown if word.stem in elsewhere.known or word in opening]
        self._words = said.words
        self._chosen: list[Word] = []
        self._tries = _TRIES

    def works(self) -> bool:
        """Whether a way is found."""
        if not self._placed or any(not self._may_be_added(word) for word in self._unknown):
            return False
        return self._is_a_copy() or (self._adds_one_thing() and self._lay())

    def _may_be_added(self, word: Word) -> bool:
        """Whether a word that the sentence lacks may come from elsewhere: no number but a year, no denial."""
        if word.stem == DENIAL or word.stem in _TURNING or word.stem in WHEN or self._is_turned(word):
            return False
        dated = any(_is_year(one) for one in self._told.words)
        return not word.number or (_is_year(word) and not dated and word.stem in self._elsewhere.heading)

    def _is_turned(self, word: Word) -> bool:
        """Whether the sentence has the same word with another beginning: safe for unsafe."""
        stems = (word.stem.rstrip("e"), *(one.stem.rstrip("e") for one in self._told.words))
        return any(before + stems[0] == one or before + one == stems[0] for one in stems[1:] for before in _OPPOSITE)

    def _is_a_copy(self) -> bool:
        """Whether the statement is one long run of the sentence's words."""
        size, told = len(self._words), self._told.words
        starts = range(len(told) - size + 1) if size >= _COPIED else range(min(1, len(told) - size + 1))
        runs = ((told[at : at + size], told[at + size : at + size + 1]) for at in starts)
        return any(
            all(map(_alike, self._words, run)) and self._keeps_limits(run) and not any(map(_is_one, run[-1:], behind))
            for run, behind in runs
        )

    def _keeps_limits(self, laid: Sequence[Word]) -> bool:
        """Whether what stands behind `not` or `only` in the same part of the sentence is there, all of it."""
        limits = [(word.place, word.part) for word in laid if word.stem == DENIAL]
        for only in self._told.only:
            behind = next((word for word in self._told.words if word.place > only), None)
            if behind is not None and any(word.part == behind.part for word in laid):
                limits.append((only, behind.part))
        kept = set(laid)
        return all(
            word in kept
            for place, part in limits
            for word in self._told.words
            if word.part == part and word.place > place
        )

    def _keeps_whole(self) -> bool:
        """Whether no noun stands without the one it belongs to, as a tunnel for a tunnel inspector would."""
        kept = set(self._chosen)
        kept |= {word for word in self._told.words if any(_akin(one, word) for one in self._unknown)}
        at = {word.place: word for word in self._told.words}
        for word in self._told.words:
            if word not in kept:
                if any(other.place == word.place for other in kept):
                    return False
                continue
            behind = at.get(word.place + 1)
            if behind is None or behind in kept or not _is_one(word, behind):
                continue
            ahead = next((one for one in self._told.words if one.place > word.place and one in kept and one.free), None)
            says = behind.form == "s" and (word.named or (ahead is not None and ahead.part != word.part))
            if not says:  # and so is the verb of a clause that is left out
                return False
        return True

    def _adds_one_thing(self) -> bool:
        """Whether what comes from elsewhere stands together, and is the smaller part."""
        places = [at for at, word in enumerate(self._words) if word in self._added]
        together = not places or places[-1] - places[0] == len(places) - 1
        is_a_name = all(word.named for word in self._added)
        return together and (_counted(self._added) if is_a_name else len(self._added)) <= len(self._placed)

    def _lay(self) -> bool:
        """Lay one word after the other, going back where a word finds no place."""
        at = len(self._chosen)
        if at == len(self._placed):
            return (
                self._keeps_its_beginning()
                and self._keeps_whole()
                and self._keeps_limits(self._chosen)
                and self._adds_in_its_place()
                and self._puts_nothing_else()
            )
        for other in self._told.words:
            self._tries -= 1
            if self._tries > 0 and self._may_lie(self._placed[at], other):
                self._chosen.append(other)
                if self._lay():
                    return True
                self._chosen.pop()
        return False

    def _may_lie(self, word: Word, other: Word) -> bool:
        """Whether a word may lie on another, seen where the words before it lie."""
        if not _alike(word, other) or other in self._chosen:
            return False
        at = len(self._chosen)
        before = self._placed[at - 1] if at else None
        if before is not None and before.phrase == word.phrase and not word.free:
            return self._chosen[-1].phrase == other.phrase and self._chosen[-1].place <= other.place
        if before is not None and OF in word.links and not word.free and not self._is_of(before, word, other):
            return False
        free = [self._chosen[place] for place in range(at) if self._placed[place].free]
        if not free:
            return True
        return self._goes_on(free[-1], other) if word.free else self._hangs_on(free[-1], other)

    def _is_of(self, before: Word, word: Word, other: Word) -> bool:
        """Whether `of` ties a word to the same one as in the sentence: the minister of Urskia."""
        follows = not any(before.place < one.place < word.place for one in self._words)
        head = max((one for one in self._told.words if one.phrase < other.phrase), key=lambda w: w.place, default=None)
        return not follows or head is None or self._chosen[-1].phrase == head.phrase

    def _is_relative(self, part: int) -> bool:
        """Whether a part of the sentence begins with who or which."""
        first = min((word.place for word in self._told.words if word.part == part), default=0)
        return max((cut for cut in self._told.cuts if cut < first), default=-1) in self._told.relative

    def _goes_on(self, one: Word, other: Word) -> bool:
        """Whether what lies between two words that stand free may be left out."""
        if other.place < one.place:
            return False
        between = [word for word in self._told.words if one.place < word.place < other.place]
        dropped = [word for word in between if word.free]
        cuts = [place for place in self._told.cuts if one.place < place < other.place]
        turning = _TURNING | _REPORTING | {DENIAL}
        if any(word.stem in turning and word.part == other.part for word in dropped):
            return False
        if not dropped:
            return True
        since = max(cuts, default=one.place)
        if any(word.done is not None and word.place > since for word in dropped):
            return False
        if one.stem == DENIAL:
            return False
        if not cuts:
            return len(dropped) <= _DROPPED
        last = max(cuts)
        if not any(word.place > last for word in between):  # the next part goes on: about the same, or the word before
            return last not in self._told.relative
        listed = not any(word.place < min(cuts) for word in between)
        return listed and len(dropped) <= 2 * _DROPPED and not any(w.place in self._told.definite for w in dropped)

    def _hangs_on(self, one: Word, other: Word) -> bool:
        """Whether a phrase belongs to the part of the sentence that the word before it stands in."""
        between = [w for w in self._told.words if one.place < w.place < other.place and w not in self._chosen]
        if any(word.done is not None and word.part == other.part and word.free for word in between):
            return False
        rivals = [w for w in between if not w.free and w.links & other.links and w.phrase != other.phrase]
        if any(_of_a_kind(rival, other) for rival in rivals):
            return False
        if one.part == other.part:
            return True
        own = [word for word in self._told.words if word.part == other.part and word.free]
        return not own or (len(other.links) > 1 and abs(other.part - one.part) == 1)

    def _keeps_its_beginning(self) -> bool:
        """Whether nothing that counts was left out before the first word, and what stands in front belongs there."""
        pairs = list(zip(self._placed, self._chosen, strict=True))
        free = [pair for pair in pairs if pair[0].free]
        if not free:
            return True
        (_, first), (last_said, last) = free[0], free[-1]
        for word, one in pairs[: pairs.index(free[0])]:
            if word.part == last_said.part and not self._hangs_on(last, one):
                return False
        left = [w for w in self._told.words if w.place < first.place and w.part == first.part and w.free]
        left = [word for word in left if word not in self._chosen]
        if self._is_relative(first.part) and (left or last.part != first.part):
            return False
        if any(word.stem in _TURNING or word.stem == DENIAL or word.done is not None for word in left):
            return False
        names = [at for at, word in enumerate(left) if word.named]
        somebody_else = (
            first.named and bool(names) and any(word.form == "s" for word in left[names[0] :] if not word.named)
        )
        return _counted(left) <= _DROPPED and not somebody_else

    def _gap(self, word: Word, *, free: bool = False) -> tuple[int, int]:
        """Between which places of the sentence a word stands that is not laid; `free`: seen by free words alone."""
        laid = [
            (one.place, on.place) for one, on in zip(self._placed, self._chosen, strict=True) if one.free or not free
        ]
        start = max((there for here, there in laid if here < word.place), default=-1)
        return start, min((there for here, there in laid if here > word.place), default=10**6)

    def _adds_in_its_place(self) -> bool:
        """Whether what comes from elsewhere stands where the sentence has a pronoun, a `the company`, or nothing."""
        for word in self._added:
            start, end = self._gap(word, free=word.free)  # a date may have moved
            between = [w for w in self._told.words if start < w.place < end and w not in self._chosen]
            rivals = [w for w in between if w.free or w.named]
            if not word.free:
                rivals = [w for w in self._told.words if w.links == word.links and w not in self._chosen]
            if any(not self._points_back(rival) for rival in rivals):
                return False
            pointed = rivals or any(start < place < end for place in self._told.pronouns)
            if start >= 0 and not pointed and word.stem not in self._elsewhere.heading:
                return False
        return not self._added or any(word.stem in self._elsewhere.meant for word in self._added)

    def _puts_nothing_else(self) -> bool:
        """Whether each word that is nowhere in the evidence is a form of one that it stands for.

        `The company` stands for a name, a pronoun, or another such word.
        """
        for word in self._unknown:
            if word in self._added:
                continue
            start, end = self._gap(word)
            instead = [w for w in self._told.words if start < w.place < end and w not in self._chosen]
            if word.stem not in _GENERAL:
                if not any(_akin(word, one) for one in instead):
                    return False
                continue
            whom = [one for one in instead if one.free]
            firm = word.stem in _FIRMS
            general = bool(whom) and all(
                one.named or (firm and one.stem in _FIRMS and one.place in self._told.definite) for one in whom
            )
            if not general and not any(start < place < end for place in self._told.pronouns):
                return False
        return True

    def _points_back(self, word: Word) -> bool:
        """Whether a word such as `the company` may mean what another sentence names."""
        named = any(one.named for one in self._added) and word.place in self._told.definite
        return named and word.stem in _GENERAL and word.stem not in self._elsewhere.others


def _of_a_kind(word: Word, other: Word) -> bool:
    """Whether two words are both numbers, or both names."""
    return (word.number and other.number) or (word.named and other.named and not word.number and not other.number)


def _is_one(word: Word, behind: Word) -> bool:
    """Whether a word and the one behind it may well be one noun."""
    return behind.place == word.place + 1 and not behind.named and _is_plain(word) and _is_plain(behind)


def _is_plain(word: Word) -> bool:
    """Whether a word may be a noun or belong to one: no figure, no adverb, nothing that is done."""
    verb = word.done is not None or word.tense in MODALS
    return not (word.number or verb or word.form == "ly" or word.stem in _ADVERBS)


def _counted(words: Sequence[Word]) -> int:
    """How many words there are, those of a name in a row being one."""
    return sum(not (word.named and at and words[at - 1].named) for at, word in enumerate(words))


def _akin(word: Word, other: Word) -> bool:
    """Whether two words begin alike, as words of one family do: overtook, overtaken."""
    least = max(4, math.ceil(_SHARED * max(len(word.stem), len(other.stem))))
    return _of_one_voice(word, other) and word.stem[:least] == other.stem[:least]


def _alike(word: Word, other: Word) -> bool:
    """Whether two words are the same, tied in the same way, and done or done to alike."""
    if word.tense != other.tense and ((word.tense and other.tense) or {word.tense, other.tense} & MODALS):
        return False
    if {word.form, other.form} == {"ed", "s"} or (other.form == "'s" and word.form != "'s"):
        return False
    return _of_one_voice(word, other) and other.stem == word.stem and bool(word.links & other.links)


def _of_one_voice(word: Word, other: Word) -> bool:
    return word.done is None or other.done is None or word.done == other.done


def _is_year(word: Word) -> bool:
    return word.number and bool(re.fullmatch(r"1[5-9]\d\d|20\d\d", word.stem))
