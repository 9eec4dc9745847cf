"""Answer what is asked about the collection, from the library's own records: counts, lists, news, summaries.

A count or a list is said in fixed words over metadata; what each entry says of itself is a verbatim sentence, cited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from index.copies import voices
from index.records import Document, Hit
from index.shelf import Shelf
from index.split import readable_name
from rag.answers import Ask, Window
from rag.cite import plain
from rag.collection import Request, publisher_named, titled
from rag.digest import digest, lead_of, summarised
from rag.extract import judge
from rag.mentions import MOST_READ, Mentions, mentions_of
from rag.question import understand
from rag.rerank import Reranker
from rag.terms import stems_of
from rag.wording import about, also, by, capitalised, counted, from_to, label, mention, within, without

Judge = Callable[[Ask, str], Sequence[Window]]
"""Searches for a text as for every question, within the filter of the ask; gives windows, best first."""
_NEWS = 5
"""How many documents are new where the question names no time."""
_LATEST = 3
_JUDGED = 8
"""How many sentences of a document compete to say what is the latest on something."""
_FITS = 0.0
"""From which logit on a window speaks of what is asked, though none of its words do."""


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of a list: what is said about a document, and a sentence of it."""

    label: str
    """A fixed form over escaped metadata; empty in running text."""
    window: Window


@dataclass(frozen=True, slots=True)
class Survey:
    """What the records say; without lines it is declined."""

    opening: str = ""
    lines: tuple[Line, ...] = ()
    closing: str = ""
    missing: tuple[str, ...] = ()
    nearest: tuple[Window, ...] = ()
    hits: tuple[Hit, ...] = ()
    """Where the quoted words are looked for in other documents."""
    warnings: tuple[tuple[str, str], ...] = ()
    """Type and message of each."""


@dataclass(frozen=True, slots=True)
class Work:
    """One request with the documents that it is about."""

    ask: Ask
    request: Request
    question: str
    limit: int
    documents: tuple[Document, ...]
    """Newest first; those without a date last."""
    publisher: str = ""

    @property
    def told(self) -> str:
        """The documents in words: `7 documents by The Post, published from 2024-01-01 on`."""
        verb = "added" if self.request.added else "published"
        when = f", {verb} {within(self.request.period)}" if self.request.period else ""
        return f"{counted(len(self.documents))}{by(self.publisher)}{when}"


class Surveyor:
    """Answers requests over one shelf."""

    def __init__(self, shelf: Shelf, judge: Judge, reranker: Reranker) -> None:
        self._shelf = shelf
        self._judge = judge
        self._reranker = reranker

    def survey(self, request: Request, question: str, ask: Ask, limit: int) -> Survey | None:
        """Answer a request; None where the records do not help and the passages should be asked as usual."""
        everything = self._shelf.catalogue(ask.dossier, ask.filter)
        publisher: str | None = ""
        if request.publisher:
            publisher = publisher_named(request.publisher, {d.metadata.publisher or "" for d in everything} - {""})
        if publisher is None or not everything:
            return None
        work = Work(ask, request, question, limit, _chosen(everything, request, publisher), publisher)
        if not work.documents:
            return _nothing(work, everything)
        if request.wish == "summary":
            return self._summary(work)
        return self._of_subject(work) if request.subject else self._of_all(work)

    def _of_subject(self, work: Work) -> Survey | None:
        found = self._mentions(work)
        if work.request.wish == "wrote":
            return self._wrote(work, found)
        if work.request.wish in ("latest", "new"):
            return self._latest(work, found)
        if not found.windows:
            return _none_of(work, found)
        if work.request.wish == "voices":
            return self._voices(work, found)
        if work.request.wish in ("oldest", "newest"):
            return self._extreme(work, found)
        return _mentioned(work, found)

    def _of_all(self, work: Work) -> Survey | None:
        """Answer what names no subject: how many there are, which, the newest, the oldest, by whom."""
        if work.request.wish == "voices":
            return self._voices(work, None)
        if work.request.wish in ("oldest", "newest"):
            return self._extreme(work, None)
        if work.request.wish == "count" and len(work.documents) > work.limit:
            return self._counted(work)
        documents, told = work.documents, work.told
        if work.request.wish == "new" and work.request.period is None:
            documents = tuple(one for one in documents if one.metadata.published)[:_NEWS]
            told = f"the newest {len(documents)} of the {told}"
        elif len(documents) > 1:
            told += ", newest first"
        shown = self._leads(documents[: work.limit])
        return Survey(f"{capitalised(told)}:", shown, also(documents[work.limit :])) if shown else None

    def _counted(self, work: Work) -> Survey:
        """Count many documents; the newest and the oldest speak for them."""
        dated = [one for one in work.documents if one.metadata.published] or list(work.documents)
        lines = self._leads([dated[0], dated[-1]] if len(dated) > 1 else dated)[: work.limit]
        publishers = len({one.metadata.publisher for one in work.documents if one.metadata.publisher})
        voices = f" by {publishers} publishers" if publishers > 1 else ""
        opening = f"There are {work.told}{voices}{from_to(work.documents)}. The newest and the oldest:"
        return Survey(opening, lines, without(work.documents, "published"))

    def _latest(self, work: Work, found: Mentions) -> Survey | None:
        """The newest documents that speak of it, each with the sentence that fits best."""
        windows = found.windows
        if not windows:
            windows = _fitting(self._judge(work.ask, work.request.subject))
        of = [document for document in work.documents if document.id in windows]
        if not of:
            return None
        lines = []
        for document in of[: min(_LATEST, work.limit)]:
            best = judge(understand(work.question), windows[document.id][:_JUDGED], self._reranker)[0]
            lines.append(Line(label(document), best))
        opening = f"The newest of {counted(len(of))} on “{found.subject}”:" if len(of) > 1 else f"On “{found.subject}”:"
        return Survey(opening, _distinct(lines), hits=_hits(found, lines), warnings=_warnings(found))

    def _wrote(self, work: Work, found: Mentions) -> Survey | None:
        """What a publisher wrote about something: one sentence of each of its documents that speak of it."""
        within = replace(work.ask, filter=replace(work.ask.filter, publishers=(work.publisher,)))
        there = {document.id for document in work.documents}
        judged = [window for window in self._judge(within, work.question) if window.hit.document.id in there]
        best = {id: windows[0] for id, windows in (found.windows | _fitting(judged)).items()}
        if not best:
            missing = f"None of the {work.told} speaks of “{found.subject}”."
            return Survey(missing=(missing,), nearest=tuple(judged[:3]))
        of = [document for document in work.documents if document.id in best]
        lines = [Line(label(document), best[document.id]) for document in of[: work.limit]]
        opening = f"{counted(len(of))}{by(work.publisher)} on “{found.subject}”{', newest first' * (len(of) > 1)}:"
        return Survey(
            opening, _distinct(lines), also(of[work.limit :]), hits=_hits(found, lines), warnings=_warnings(found)
        )

    def _voices(self, work: Work, found: Mentions | None) -> Survey:
        """Name publishers or authors, each with how many documents, and a sentence of the newest."""
        kind = work.request.voices
        of = [one for one in work.documents if found is None or one.id in found.windows]
        named: dict[str, list[Document]] = {}
        for document in of:
            if name := getattr(document.metadata, kind):
                named.setdefault(name, []).append(document)
        order = sorted(named, key=lambda name: (-len(named[name]), name.casefold()))
        lines = []
        for name in order[: work.limit]:
            window = found.windows[named[name][0].id][0] if found else lead_of(self._shelf, named[name][0])
            if window:
                lines.append(Line(f"{plain(name)} ({counted(len(named[name]))}{from_to(named[name])}): ", window))
        if not lines:
            return Survey(missing=(f"None of the {counted(len(of))} names its {kind}.",))
        voices = f"{len(order)} {kind}{'s' * (len(order) > 1)}"
        opening = f"The {work.told} come from {voices}:"
        if found:
            opening = f"{voices} {mention(len(order))} “{found.subject}”:"
        rest = "; ".join(f"{plain(name)} ({counted(len(named[name]))})" for name in order[work.limit :])
        closing = (f"\n\nAlso: {rest}." if rest else "") + without(of, kind)
        return Survey(opening, tuple(lines), closing, hits=found.hits if found else (), warnings=_warnings(found))

    def _extreme(self, work: Work, found: Mentions | None) -> Survey | None:
        """Show the oldest or the newest document, of those that mention the subject where one is named."""
        of = [one for one in work.documents if one.metadata.published and (found is None or one.id in found.windows)]
        if not of:
            return None
        document = of[-1] if work.request.wish == "oldest" else of[0]
        window = found.windows[document.id][0] if found else lead_of(self._shelf, document)
        among = f"{counted(len(of))} with a date" + (f" that {mention(len(of))} “{found.subject}”" if found else "")
        lines = (Line(label(document), window),) if window else ()
        return Survey(f"The {work.request.wish} of {among}:", lines, warnings=_warnings(found)) if lines else None

    def _summary(self, work: Work) -> Survey | None:
        request = work.request
        if request.scope == "subject":
            return self._summary_of_subject(work)
        document = self._meant(work)
        if document is not None:
            windows = summarised(self._shelf, document, work.limit)
            return Survey(f"{about(document)}:", tuple(Line("", window) for window in windows)) if windows else None
        if request.scope == "titled":
            return None
        chosen = digest([window for one in work.documents if (window := lead_of(self._shelf, one))], work.limit)
        unclear = ("which_document", "Which document is meant was not clear: this is about all of them.")
        opening = f"{capitalised(work.told)}{from_to(work.documents)}; in order of time:"
        lines = tuple(Line(label(window.hit.document), window) for window in chosen)
        return Survey(opening, lines, warnings=(unclear,) if request.scope == "one" else ()) if lines else None

    def _summary_of_subject(self, work: Work) -> Survey | None:
        found = self._mentions(work)
        windows = [window for several in found.windows.values() for window in several]
        if not windows:
            windows = [w for several in _fitting(self._judge(work.ask, work.request.subject)).values() for w in several]
        of = {window.hit.document.id for window in windows}
        if not of:
            return None
        lines = [Line(label(window.hit.document), window) for window in digest(windows, work.limit)]
        opening = f"{counted(len(of))} on “{found.subject}”{', in order of time' * (len(of) > 1)}:"
        return Survey(opening, _distinct(lines), hits=_hits(found, lines), warnings=_warnings(found))

    def _meant(self, work: Work) -> Document | None:
        """The document that a summary is asked of: the one named, the only one, or the last answer's."""
        if work.request.scope == "titled":
            names = {name: one for one in reversed(work.documents) for name in _names(one)}
            title = titled(work.request.subject, names)
            return names[title] if title else None
        if work.request.scope == "all":
            return None
        if len(work.documents) == 1:
            return work.documents[0]
        told = next((turn.content for turn in reversed(work.ask.history) if turn.role == "assistant"), "")
        judged = self._judge(work.ask, told[:300]) if told.strip() else ()
        return judged[0].hit.document if judged else None

    def _mentions(self, work: Work) -> Mentions:
        among = {document.id for document in work.documents}
        return mentions_of(self._shelf, work.ask.dossier, work.request.subject, work.ask.filter, among)

    def _leads(self, documents: Iterable[Document]) -> tuple[Line, ...]:
        return tuple(Line(label(one), window) for one in documents if (window := lead_of(self._shelf, one)))


def _chosen(everything: Iterable[Document], request: Request, publisher: str) -> tuple[Document, ...]:
    """The documents of the publisher and time that are named, newest first."""
    documents = [one for one in everything if not publisher or one.metadata.publisher == publisher]
    if period := request.period:
        days = [one.added[:10] if request.added else one.metadata.published for one in documents]
        documents = [one for one, day in zip(documents, days, strict=True) if day and period.holds(day)]
    return tuple(sorted(documents, key=lambda one: (one.metadata.published or "", one.added, one.id), reverse=True))


def _nothing(work: Work, everything: Sequence[Document]) -> Survey:
    """Say that nothing was published then, and what is the newest."""
    newest = max(everything, key=lambda one: one.metadata.published or "")
    verb = "added" if work.request.added else "published"
    told = f"No document{by(work.publisher)} was {verb} {within(work.request.period)}".rstrip()
    return Survey(missing=(f"{told}; the newest of the {counted(len(everything))} is {about(newest)}.",))


def _none_of(work: Work, found: Mentions) -> Survey | None:
    """Say that nothing mentions it; None where what is named is rather a question than a name."""
    if len(stems_of(work.request.subject)) > 4:
        return None
    return Survey(missing=(f"None of the {work.told} mentions “{found.subject}”.",))


def _mentioned(work: Work, found: Mentions) -> Survey:
    """List the documents that mention the subject, newest first, near-copies behind one entry."""
    of = [document for document in work.documents if document.id in found.windows]
    lines = _distinct([Line(label(document), found.windows[document.id][0]) for document in of])
    opening = f"{len(of)} of the {work.told} {mention(len(of))} “{found.subject}”"
    if copies := len(of) - len(lines):
        opening += f", {copies} of them in the same words as others"
    shown, rest = lines[: work.limit], [line.window.hit.document for line in lines[work.limit :]]
    opening += f"; the newest {len(shown)}:" if rest else ":"
    return Survey(opening, shown, also(rest), hits=found.hits, warnings=_warnings(found))


def _distinct(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Leave out what a line before it says in the same words."""
    places = voices([line.window.text for line in lines])
    return tuple(line for place, line in enumerate(lines) if places[place] == place)


def _fitting(judged: Iterable[Window]) -> dict[str, list[Window]]:
    """The windows that fit what is asked, by document."""
    found: dict[str, list[Window]] = {}
    for window in judged:
        if window.logit > _FITS:
            found.setdefault(window.hit.document.id, []).append(window)
    return found


def _hits(found: Mentions, lines: Iterable[Line]) -> tuple[Hit, ...]:
    return (*found.hits, *(line.window.hit for line in lines))


def _warnings(found: Mentions | None) -> tuple[tuple[str, str], ...]:
    told: list[tuple[str, str]] = []
    if found and found.spelled:
        told.append(("spelling", f"Not in the documents as written; read {found.spelled}."))
    if found and found.cut:
        told.append(
            ("incomplete", f"Only the first {MOST_READ:,} passages with these words were read; there are more.")
        )
    return tuple(told)


def _names(document: Document) -> tuple[str, ...]:
    return document.name, readable_name(document.name), document.title
