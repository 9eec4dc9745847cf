"""Split a document into passages of whole sentences, at exact offsets."""

from __future__ import annotations

import calendar
import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import sentencex

from index.records import Mark, Metadata, Place, Reading, Sentence, SentenceKind, place_of

VERSION = "split-3"
"""Another version splits, and so embeds, every document again."""

_LONGEST_SENTENCE = 700
"""In characters: what a quote may have at most; anything longer is cut at the best place inside."""
_SHORTEST_CUT = 32
"""In characters: a sentence is not cut below this, whatever its tokens."""
_LONGEST_TITLE = 160
"""In characters, of a title or publisher in a header: more would leave no room for the passage."""
_HEADING_WORDS = 14
_BEGINNING = 32
"""By how many characters an earlier passage is looked up."""
_MOST_ALIKE = 16
"""How many earlier passages that begin alike are compared, so that a text that repeats itself costs no more."""
_PARAGRAPH = re.compile(r"[^\n]+(?:\n(?![^\S\n]*\n)[^\n]+)*")
_END = re.compile(r"[.!?…:;。！？؟।]['\"”’»)\]]*(?:\s*\[\d{1,3}\])*$")
_ABBREVIATED = re.compile(
    r"(?<![\w.])(?:Ms|Mx|Mmes|Mses|Sra|Ste|Ft|Amb|Atty|Ald|Cllr|Assoc|Pte|Pty|Gens|Profs|Lts|Sgts|Revs|Hrn|Figs?|Eqs?|"
    r"Vols?|Ch|[Aa]pprox|Ph\.D|Dipl\.-Ing)\.\s+$"
)
"""Full stops that end no sentence, beside those that the splitter knows: a name or number follows."""
_MAY = re.compile(r"\bMay\.\s+(?=[“\"‘(]?[A-Z])")
"""No abbreviation, though the splitter takes it for one."""
_LIST_ITEM = re.compile(r"^\s*(?:[-*•·–]|\(?\d{1,3}[.)])\s")
_AROUND = (
    r"(?:reading time:? )?\d+\s*-?min(?:ute)?s?\.?\s+(?:read|reading time|lesezeit)",
    r"(?:reading time|lesezeit):? .{1,20}",
    r"share(?: this)?(?: article| story| page)?(?: on .{1,30})?|tweet|pin|e-?mail|print|copy link|teilen|drucken",
    r"artikel (?:teilen|drucken|merken)|advertisement|advertorial|anzeige|werbung|sponsored(?: content)?",
    r"(?:read|see|listen) (?:more|also|next)\b.{0,80}|more from .{1,40}|more on this(?: story)?|mehr zum thema",
    r"lesen sie (?:auch|mehr|weiter)\b.{0,80}|listen to this (?:article|story).{0,40}|sign (?:up|in) .{0,80}",
    r"log in|subscribe\b.{0,80}|(?:jetzt )?abonnieren|newsletter|join the conversation|leave a comment",
    r"related (?:articles|stories|topics|links)|you (?:may|might) also like|recommended(?: for you)?",
    r"(?:advertisement|article|story) continues (?:below|after).{0,40}",
    r"(?:we|this (?:web)?site|this page) uses? cookies\b(?!,).{0,200}|accept (?:all )?cookies|accept all",
    r"(?:all rights reserved|alle rechte vorbehalten|copyright|©).{0,120}",
    r"(?:photo(?:graph)?|image):? .{0,80}|(?:foto|bild): .{1,80}|skip to .{0,40}|follow us .{0,60}",
    r"comments? ?(?:\(\d+\))?|\d+ (?:comments|kommentare)|click here .{0,60}|most (?:read|popular)|meistgelesen",
    r"print this page|back to (?:top|home)|nach oben|(?:previous|next) (?:article|story|post|page)",
    r"page \d+(?: of \d+)?|seite \d+(?: von \d+)?|loading(?:\.{3}|…)?",
)
"""Whole lines that stand around an article; a sentence that only begins so is none."""
_BOILERPLATE = re.compile(rf"^(?:{'|'.join(_AROUND)})\.?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Draft:
    """A passage before it has an identity."""

    start: int
    end: int
    place: Place
    sentences: tuple[Sentence, ...]


def header(metadata: Metadata, name: str) -> str:
    """Give the lines that are put before a passage for embedding only: title, publisher and date."""
    title = (metadata.title or readable_name(name))[:_LONGEST_TITLE]
    published = spelled(metadata.published) if metadata.published else None
    about = ", ".join(part[:_LONGEST_TITLE] for part in (metadata.publisher, published) if part)
    return f"{title} ({about})\n" if about else f"{title}\n"


def spelled(published: str) -> str:
    """Spell a date as articles and questions do: `2024-09-18` becomes `18 September 2024`."""
    year, month, day = [*published.split("-"), "", ""][:3]
    name = calendar.month_name[int(month)] if month else ""
    return " ".join(part for part in (day.lstrip("0"), name, year) if part)


def readable_name(name: str) -> str:
    """Make words of a file's name: `044_green_fields.txt` becomes `green fields`."""
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", name)
    words = re.sub(r"[\W_]+", " ", stem).strip()
    return re.sub(r"^(?:\d{1,4}|[0-9a-f]{12,64})\s+|\s+[0-9a-f]{12,64}$", "", words) or name


def _go_on() -> None:
    """Never end a long text early."""


def sentences_of(
    text: str, marks: Sequence[Mark] = (), language: str = "en", look: Callable[[], None] = _go_on
) -> tuple[Sentence, ...]:
    """Find all sentences, in order; white space between them belongs to none. `look` may raise to end it early."""
    headings = {mark.start for mark in marks if mark.kind == "heading"}
    found: list[Sentence] = []
    for paragraph in _PARAGRAPH.finditer(text):
        look()
        for line_start, line_end in _lines(text, paragraph.start(), paragraph.end()):
            kind = _kind(text, line_start, line_end, headings, alone=True)
            if kind != "prose":
                for start, end in _cut(text, line_start, line_end):
                    found.extend(_trimmed(text, start, end, kind))
                continue
            for start, end in _boundaries(text, line_start, line_end, language):
                found.extend(_trimmed(text, start, end, "prose"))
    return tuple(found)


def split(
    reading: Reading,
    title: str,
    passage_characters: int,
    count_tokens: Callable[[str], int],
    max_tokens: int,
    look: Callable[[], None] = _go_on,
    earlier: Collection[str] = (),
) -> list[Draft]:
    """Cut a reading into passages of whole sentences, none of which crosses a heading, slide or sheet.

    `title` is the header that will stand before each passage when it is embedded: header and passage together
    fit `max_tokens`. Every sentence is in exactly one passage. `look` is called again and again, and may raise.
    `earlier` are the passages of the version before: those that still stand in the text are cut as they were, so
    that a change does not move every cut behind it.
    """
    language = (reading.metadata.language or "en")[:2]
    sentences = sentences_of(reading.text, reading.marks, language, look)
    marks = (
        reading.marks if any(mark.kind == "heading" for mark in reading.marks) else _with_headings(reading, sentences)
    )
    borders = [mark.start for mark in reading.marks if mark.kind in ("slide", "sheet")]
    drafts: list[Draft] = []
    for run in _runs_around(reading.text, sentences, passage_characters, borders, earlier):
        look()
        for part in _fitting(run, reading.text, title, count_tokens, max_tokens):
            start, end = part[0].start, part[-1].end
            drafts.append(Draft(start, end, place_of(marks, _first_prose(part), end), tuple(part)))
    return drafts


def _with_headings(reading: Reading, sentences: Sequence[Sentence]) -> tuple[Mark, ...]:
    found = [Mark(s.start, "heading", reading.text[s.start : s.end]) for s in sentences if s.kind == "heading"]
    return tuple(sorted((*reading.marks, *found), key=lambda mark: mark.start))


def _first_prose(sentences: Sequence[Sentence]) -> int:
    return next((sentence.start for sentence in sentences if sentence.kind == "prose"), sentences[0].start)


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a paragraph where a line break ends a thought, and not where a line was only wrapped."""
    begin = start
    position = text.find("\n", start, end)
    while position >= 0:
        line = text[max(begin, text.rfind("\n", begin, position) + 1) : position].rstrip()
        wrapped = len(line) >= 50 and not _END.search(line) and text[position + 1].islower()
        if not wrapped:
            yield begin, position
            begin = position + 1
        position = text.find("\n", position + 1, end)
    yield begin, end


def _kind(text: str, start: int, end: int, headings: set[int], *, alone: bool) -> SentenceKind:
    line = text[start:end].strip()
    if start in headings or (start + len(text[start:end]) - len(text[start:end].lstrip())) in headings:
        return "heading"
    if _BOILERPLATE.match(line):
        return "boilerplate"
    short = len(line.split()) <= _HEADING_WORDS and len(line) <= 120
    if alone and short and not _LIST_ITEM.match(line) and "|" not in line and not _END.search(line):
        return "heading"
    return "prose"


def _boundaries(text: str, start: int, end: int, language: str) -> Iterator[tuple[int, int]]:
    line = text[start:end]
    begin = 0
    for boundary in sentencex.get_sentence_boundaries(language, line):
        stop = boundary["end_index"]
        if stop < len(line) and _ABBREVIATED.search(line, max(begin, stop - 20), stop):
            continue
        for end_of_may in _MAY.finditer(line, begin, stop):
            yield from _cut(text, start + begin, start + end_of_may.end())
            begin = end_of_may.end()
        yield from _cut(text, start + begin, start + stop)
        begin = stop
    if begin < len(line):
        yield from _cut(text, start + begin, end)


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    if end - start <= _LONGEST_SENTENCE:
        yield start, end
        return
    from langchain_text_splitters import RecursiveCharacterTextSplitter  # half a second that few texts need

    splitter = RecursiveCharacterTextSplitter(
        chunk_size=_LONGEST_SENTENCE,
        chunk_overlap=0,
        separators=["\n", "; ", ", ", " ", ""],
        keep_separator="end",
        add_start_index=True,
        strip_whitespace=False,
    )
    for part in splitter.create_documents([text[start:end]]):
        begin = start + part.metadata["start_index"]
        yield begin, begin + len(part.page_content)


def _trimmed(text: str, start: int, end: int, kind: SentenceKind) -> Iterator[Sentence]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield Sentence(start, end, kind)


def _runs(sentences: Sequence[Sentence], passage_characters: int, borders: Sequence[int]) -> Iterator[list[Sentence]]:
    """Group sentences; a heading or border begins a new run, and a short rest joins what stands before it."""
    run: list[Sentence] = []
    for sentence in sentences:
        if run and bisect_right(borders, sentence.start) > bisect_right(borders, run[-1].start):
            yield run
            run = []
        begins = sentence.kind == "heading" and any(other.kind == "prose" for other in run)
        too_long = bool(run) and sentence.end - run[0].start > passage_characters
        if run and (too_long or (begins and run[-1].end - run[0].start > passage_characters // 3)):
            yield run
            run = []
        run.append(sentence)
    if run:
        yield run


def _runs_around(
    text: str, sentences: Sequence[Sentence], passage_characters: int, borders: Sequence[int], earlier: Collection[str]
) -> Iterator[list[Sentence]]:
    """Group sentences as `earlier` did where that still stands, and anew in between, without leaving scraps there."""
    done = 0
    scrap = passage_characters // 3
    for first, behind in _standing(text, sentences, borders, earlier, scrap):
        between = list(_runs(sentences[done:first], passage_characters, borders))
        yield from _balanced(between, scrap, borders)
        yield list(sentences[first:behind])
        done = behind
    yield from _runs(sentences[done:], passage_characters, borders)


def _standing(
    text: str, sentences: Sequence[Sentence], borders: Sequence[int], earlier: Collection[str], scrap: int
) -> list[tuple[int, int]]:
    """Find the earlier passages that stand in the text, as the number of their first sentence and of the one behind."""
    ends = {sentence.end: number + 1 for number, sentence in enumerate(sentences)} if earlier else {}
    by_beginning: dict[str, list[str]] = {}
    for passage in set(earlier):
        by_beginning.setdefault(passage[:_BEGINNING], []).append(passage)
    found: list[tuple[int, int]] = []
    done = 0
    for number, sentence in enumerate(sentences):
        if number < done or not ends:
            continue
        for passage in by_beginning.get(text[sentence.start : sentence.start + _BEGINNING], ())[:_MOST_ALIKE]:
            end = sentence.start + len(passage)
            crosses = bisect_right(borders, sentence.start) != bisect_right(borders, end - 1)
            if end in ends and not crosses and text.startswith(passage, sentence.start):
                if found and 0 < sentence.start - sentences[done].start < scrap:
                    found.pop()
                found.append((number, ends[end]))
                done = ends[end]
                break
    return found


def _balanced(runs: list[list[Sentence]], scrap: int, borders: Sequence[int]) -> list[list[Sentence]]:
    """Share the last two runs evenly where the last is a scrap that belongs to the one before."""
    if len(runs) < 2 or runs[-1][-1].end - runs[-1][0].start >= scrap or runs[-1][0].kind == "heading":
        return runs
    both = runs[-2] + runs[-1]
    if bisect_right(borders, both[0].start) != bisect_right(borders, both[-1].start):
        return runs
    middle = (both[0].start + both[-1].end) // 2
    cut = max(1, min(len(both) - 1, bisect_right([sentence.start for sentence in both], middle)))
    return [*runs[:-2], both[:cut], both[cut:]]


def _fitting(
    run: list[Sentence], text: str, title: str, count_tokens: Callable[[str], int], max_tokens: int
) -> Iterator[list[Sentence]]:
    if count_tokens(title + text[run[0].start : run[-1].end]) <= max_tokens:
        yield run
        return
    if len(run) == 1:
        run = _halved(run[0], text)
    if len(run) == 1:
        yield run
        return
    middle = len(run) // 2
    yield from _fitting(run[:middle], text, title, count_tokens, max_tokens)
    yield from _fitting(run[middle:], text, title, count_tokens, max_tokens)


def _halved(sentence: Sentence, text: str) -> list[Sentence]:
    """Cut a sentence of too many tokens, at white space where there is some; scripts take 1 to 3 a character."""
    middle = (sentence.start + sentence.end) // 2
    if sentence.end - sentence.start < _SHORTEST_CUT:
        return [sentence]
    space = text.rfind(" ", sentence.start + 1, middle)
    middle = space if space > sentence.start + (middle - sentence.start) // 2 else middle
    halves = (
        *_trimmed(text, sentence.start, middle, sentence.kind),
        *_trimmed(text, middle, sentence.end, sentence.kind),
    )
    return list(halves)
