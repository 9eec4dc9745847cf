"""What an import will take is judged by what earlier ones took."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest

from index import estimating
from index.config import IndexConfig
from index.embed import Vector
from index.records import Source
from index.shelf import Shelf
from tests.fakes import FakeEmbedder

FILES = 30


def files(first: int) -> list[Source]:
    """Thirty files of ten passages each."""
    return [
        Source(f"{n}.html", f"upload:{n}.html", content=f"<article>{paragraphs(n)}</article>".encode())
        for n in range(first, first + FILES)
    ]


def paragraphs(number: int) -> str:
    return "".join(
        f"<p>Article {number} has a part {part}. {'The minister spoke of it. ' * 25}</p>" for part in range(10)
    )


def test_an_import_is_judged_by_those_before(config: IndexConfig) -> None:
    sources = files(0)
    size = sum(len(source.content or b"") for source in sources)
    with Shelf.open(config, FakeEmbedder(seconds_a_passage=0.002)) as shelf:
        first = shelf.estimate({".html": size})
        assert not first.measured
        assert first.passages == round(size / estimating.BYTES_A_PASSAGE[".html"])
        assert first.seconds == pytest.approx(first.passages * estimating.SECONDS_A_PASSAGE, rel=0.01)
        assert size < first.disk < first.free
        shelf.wait(shelf.add("news", sources).id, 120)
        there = shelf.dossier("news").passages
        assert there >= estimating.FEW
        for _ in range(2):
            again = shelf.estimate({".html": size})
            assert again.measured
            assert again.passages == pytest.approx(there, rel=0.05)
            assert again.seconds >= 0.002 * there
            shelf.compact()  # jobs are forgotten, what was learnt is not
        shelf.wait(shelf.add("news", sources).id, 120)
        assert shelf.estimate({".html": size}).seconds == again.seconds  # what is unchanged teaches nothing
    with Shelf.open(config, FakeEmbedder()) as shelf:
        assert shelf.estimate({".html": size}).seconds == again.seconds
        assert shelf.estimate({".pdf": size}).passages < again.passages  # of which none are here
        assert not shelf.estimate({".txt": 10**15}).fits


class Patient(FakeEmbedder):
    """Waits with every passage until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        assert self.go_on.wait(60)
        return super().embed_passages(texts)


def test_a_large_job_tells_what_it_will_take_also_after_a_restart(
    config: IndexConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [*files(0), Source("a.txt", "upload:a.txt", text="Zoë said no. " * 100)]
    size = sum(len(source.content or (source.text or "").encode()) for source in sources)
    small, embedder = Source("b.txt", "upload:b.txt", text="Yes."), Patient()
    monkeypatch.setattr(estimating, "LARGE_FILES", len(sources) // 2)
    with Shelf.open(config, embedder) as shelf:
        job = shelf.add("news", sources)
        assert job.estimate is not None
        assert job.estimate.bytes == size
        assert job.estimate == replace(shelf.estimate({".html": size - 1400, ".txt": 1400}), free=job.estimate.free)
        assert [one.estimate for one in shelf.jobs()] == [job.estimate]
        assert shelf.add("news", [small]).estimate is None
        threading.Timer(0.3, embedder.go_on.set).start()  # the shelf is being closed by then
    waiting = Patient()
    with Shelf.open(config, waiting) as shelf:
        left = shelf.job(job.id).estimate
        assert left is not None
        assert size / 2 < left.bytes <= size
        waiting.go_on.set()
        assert shelf.wait(job.id, 60).estimate is None
