"""What an import will take is judged by what earlier ones took."""

from __future__ import annotations

import pytest

from index import estimating
from index.config import IndexConfig
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
