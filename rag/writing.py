"""Let a language model write, and show only what is proved: part of the composer."""

from __future__ import annotations

import importlib.util
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from threading import Event as Flag

from index import models
from index.errors import BadInput, Cancelled, ModelFailed
from index.records import Hit
from rag.answers import Ask, Draft, DraftShown, StatementShown, TextShown, Unsupported, Window
from rag.answers import Warning as Notice
from rag.cite import Composition
from rag.config import RagConfig
from rag.extract import is_broad
from rag.follow_up import keeps_to
from rag.local_model import FILE, look_for, open_local
from rag.question import Question
from rag.rerank import Reranker
from rag.terms import stems_of
from rag.verify import NOT_CHECKED, Checked, Evidence, TextOf, Verifier
from rag.write import Budget, Chat, Choice, Sentences, choice_of, excerpts, found
from rag.write.excerpts import Excerpt
from rag.write.prompting import STANDALONE, again_prompt, answer_prompt, judge_prompt, standalone_prompt

EXTRACTIVE = "extractive"
"""The sources' own sentences: no language model."""
LOCAL = "local"
"""The provider of models that run in this process."""
_STATEMENTS = 10
"""How many statements an answer may have."""
_TOKENS = 500
"""How much a language model may write for an answer."""
_BESIDE = 4.0
"""How much worse (log-odds of the cross-encoder) a statement's evidence may fit the question than the best window."""
_TICK = 0.05
"""How often a cancelled question is noticed, in seconds."""

Shown = StatementShown | TextShown | DraftShown


@dataclass
class Written:
    """What came of writing an answer."""

    budget: Budget
    warnings: list[Notice] = field(default_factory=list)
    shown: list[Checked] = field(default_factory=list)
    refused: list[Checked] = field(default_factory=list)
    verify_seconds: float = 0.0

    def warn(self, type: str, message: str) -> None:
        """Tell the reader something."""
        self.warnings.append(Notice(type, message))


@dataclass(frozen=True, slots=True)
class Material:
    """What an answer is written from."""

    question: Question
    judged: Sequence[Window]
    """The best for each part of the question first."""
    read: Sequence[Hit]
    """Everything that may bear a statement out."""

    @property
    def best(self) -> float:
        """How well the best window fits the question, as a logit."""
        return max((window.logit for window in self.judged), default=0.0)


class Writing:
    """The language models that may be asked, and how their words become checked statements."""

    def __init__(
        self, config: RagConfig, reranker: Reranker, text_of: TextOf, chats: Mapping[str, Chat] | None = None
    ) -> None:
        self._config = config
        self._reranker = reranker
        self._text_of = text_of
        self._chats = dict(chats or {})
        self._given = frozenset(self._chats)
        self._opening = threading.Lock()
        if config.model != EXTRACTIVE and config.model not in self._given:
            _look_for(config, choice_of(config.model, config.model_url))

    def offered(self) -> tuple[str, ...]:
        """Name what may word an answer: the sources, the configured model, local files, servers of this machine."""
        return tuple(dict.fromkeys([*offered(self._config), *self._given]))

    def check(self, name: str) -> None:
        """Refuse a model that nobody set up here, so that no caller makes us open a file or call a server.

        Raises BadInput.
        """
        if name not in (EXTRACTIVE, self._config.model) and name not in self._given and name not in self.offered():
            raise BadInput(
                f"No model is called {name[:80]!r} here.",
                "Use `extractive`, or set it up with DOSSIER_MODEL or --model; `dossier models` lists what is there.",
            )

    def budget(self, cancel: Flag | None) -> Budget:
        """Say what a question may cost from now on."""
        seconds = self._config.model_seconds
        return Budget(time.monotonic() + seconds, self._config.model_calls, 2 * _TOKENS, cancel)

    def chat(self, name: str) -> Chat:
        """Give a model's chat, opened once. Raises NotInstalled, ModelMissing, BadSettings, ModelFailed."""
        with self._opening:
            if name not in self._chats:
                self._chats[name] = self._opened(name)
            return self._chats[name]

    def standalone(self, ask: Ask, budget: Budget) -> str | None:
        """Let the model make a follow-up stand alone; None where it fails, or brings in what nobody said."""
        try:
            chat = self._in_time(ask.model or self._config.model, budget)
            rewritten = "".join(chat.stream(STANDALONE, standalone_prompt(ask.question, ask.history), budget)).strip()
        except ModelFailed:
            return None
        return rewritten if keeps_to(rewritten, ask.question, ask.history) else None

    def write(self, ask: Ask, material: Material, composition: Composition, written: Written) -> Iterator[Shown]:
        """Write an answer, giving each statement as soon as it is verified; `written` says what came of it."""
        budget = written.budget
        name = ask.model or self._config.model
        unsupported = ask.unsupported or self._config.unsupported
        limit = ask.max_citations or self._config.max_citations
        if self._config.verify == "off" and unsupported != "show":
            written.warn(
                "not_checked", "Checking is off and only what is proved is shown: no language model was asked."
            )
            return
        try:
            chat = self._in_time(name, budget)
            checks = self._config.verify != "off"
            verifier = Verifier(self._reranker, self._text_of, self._judge(chat, budget)) if checks else None
            hearing = _Hearing(verifier, self._reranker, material, composition, limit, unsupported, written, ask.draft)
            question, chosen = material.question.text, excerpts(material.judged)
            yield from hearing.hear(chat.stream(*answer_prompt(question, chosen, name), budget), chosen)
            refused = [checked.draft.text for checked in written.refused if checked.support == "unsupported"]
            if unsupported == "rewrite" and refused and not budget.spent:
                again = again_prompt(question, chosen, refused, name)
                yield from hearing.hear(chat.stream(*again, budget), chosen)
        except ModelFailed as error:
            rest = (
                "The answer ends where it broke off." if written.shown else "The answer is in the sources' own words."
            )
            written.warn("model_failed", f"{error.message} {rest}")
        _tell_what_was_left_out(written)

    def _in_time(self, name: str, budget: Budget) -> Chat:
        """Give a model's chat, waiting no longer than the question allows; what opens later serves the next one."""
        if name in self._chats:
            return self._chats[name]
        opening: Future[Chat] = Future()
        threading.Thread(target=_fulfil, args=(opening, lambda: self.chat(name)), name="opening", daemon=True).start()
        while True:
            if budget.stopped:
                raise Cancelled("The question was cancelled.")
            try:
                return opening.result(min(_TICK, budget.left))
            except TimeoutError:
                if not budget.left:
                    raise ModelFailed("The language model was not ready in time.", "Ask again.") from None

    def _judge(self, chat: Chat, budget: Budget) -> Callable[[str, str], float | None] | None:
        if self._config.verify != "judge":
            return None
        return lambda statement, evidence: chat.truth(judge_prompt(statement, evidence), budget)

    def _opened(self, name: str) -> Chat:
        from rag.write.choosing import open_model
        from rag.write.langchain_chat import LangChainChat

        choice = choice_of(name, self._config.model_url if name == self._config.model else None)
        if choice.provider == LOCAL:
            server = open_local(self._config, choice.model)
            choice = Choice("openai", choice.model, server.url, server.key)
        model = open_model(choice, self._config.model_seconds, _TOKENS)
        return LangChainChat(name, model, tells_probabilities=choice.provider == "openai")


class _Hearing:
    """Listens to one answer: cuts it into statements, checks each, and composes what is shown."""

    def __init__(
        self,
        verifier: Verifier | None,
        reranker: Reranker,
        material: Material,
        composition: Composition,
        limit: int,
        unsupported: Unsupported,
        written: Written,
        draft: bool,
    ) -> None:
        self._verifier = verifier
        self._reranker = reranker
        self._material = material
        self._composition = composition
        self._limit = limit
        self._shows = unsupported == "show"
        self._written = written
        self._draft = draft
        self._heard: set[tuple[str, ...]] = set()
        self._before: frozenset[str] = frozenset()
        """The documents that bear out the statement before, if it is shown."""

    def hear(self, pieces: Iterator[str], chosen: Sequence[Excerpt]) -> Iterator[Shown]:
        """Give what may be shown of the words as they come."""
        sentences = Sentences()
        for piece in pieces:
            if self._draft:
                yield DraftShown(piece)
            for said in sentences.feed(piece):
                yield from self._take(said.text, _hinted(said.hints, chosen))
            if len(self._heard) >= _STATEMENTS:
                return
        for said in sentences.end():
            yield from self._take(said.text, _hinted(said.hints, chosen))

    def _take(self, statement: str, hinted: Sequence[Hit]) -> Iterator[Shown]:
        key = tuple(sorted(stems_of(statement)))
        if key in self._heard or len(self._heard) >= _STATEMENTS:
            return
        self._heard.add(key)
        began = time.perf_counter()
        checked = self._check(statement, hinted)
        supported = checked.support == "supported" and self._answers(checked)
        self._written.verify_seconds += time.perf_counter() - began
        self._before = frozenset(window.hit.document.id for window in checked.draft.evidence if supported)
        if supported and len(self._composition.citations) + len(checked.draft.evidence) > self._limit:
            return
        (self._written.shown if supported or self._shows else self._written.refused).append(checked)
        if supported or self._shows:
            yield from self._composition.add([checked], name_sources=False)

    def _check(self, statement: str, hinted: Sequence[Hit]) -> Checked:
        """Check a statement, if there is somebody to check it and time left."""
        if self._verifier is None or not self._written.budget.left:
            return Checked(Draft(statement, ()), "unchecked", 0.0, NOT_CHECKED)
        checked = self._verifier.check(statement, self._material.read, hinted)
        question = self._material.question
        if checked.support == "supported" and (reason := self._verifier.unclear(checked, question, self._before)):
            return replace(checked, support="unsupported", reason=reason)
        return checked

    def _answers(self, checked: Checked) -> bool:
        """Whether what bears a statement out goes about as far towards an answer as the best that was found.

        A question for many things is answered by many statements, few of which it names.
        """
        question = self._material.question
        if is_broad(question):
            return True
        evidence = Evidence(checked.draft.evidence)
        return self._reranker.score(question.text, [evidence.context])[0] >= self._material.best - _BESIDE


def offered(config: RagConfig) -> tuple[str, ...]:
    """Name what may word an answer; looks at the usual ports of this machine, and uses nothing that it finds."""
    ready = [
        f"{LOCAL}:{model.name}"
        for model in models.MANIFEST
        if model.files[0].name == FILE and models.is_there(config, model)
    ]
    local = ready if importlib.util.find_spec("xllamacpp") else []
    return tuple(dict.fromkeys([EXTRACTIVE, config.model, *local, *found()]))


def _fulfil(opening: Future[Chat], open_chat: Callable[[], Chat]) -> None:
    try:
        opening.set_result(open_chat())
    except BaseException as error:
        opening.set_exception(error)


def _hinted(hints: Sequence[int], chosen: Sequence[Excerpt]) -> list[Hit]:
    return [chosen[number - 1].hit for number in hints if 1 <= number <= len(chosen)]


def _tell_what_was_left_out(written: Written) -> None:
    counted = Counter(checked.support for checked in written.refused)
    count = counted["unsupported"]
    if not written.shown and count:
        written.warn(
            "nothing_proved",
            "The passages bear out nothing of what the language model wrote: the answer is in the sources' own words.",
        )
    elif count:
        written.warn("left_out", f"{_left_out(count)} left out: the passages do not bear this out.")
    if counted["supported"]:
        written.warn("left_out", f"{_left_out(counted['supported'])} left out: beside the point of the question.")
    if counted["unchecked"]:
        written.warn("not_checked", f"{_left_out(counted['unchecked'])} left out: this could not be checked.")


def _left_out(count: int) -> str:
    return "A sentence of the language model was" if count == 1 else f"{count} sentences of the language model were"


def _look_for(config: RagConfig, choice: Choice) -> None:
    """Say at once what is missing for a model that is set. Raises NotInstalled, ModelMissing, BadSettings."""
    from rag.write.choosing import require_installed

    require_installed(choice.provider)
    if choice.provider == LOCAL:
        look_for(config, choice.model)
