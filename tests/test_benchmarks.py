"""The figures of the benchmarks: arithmetic, what counts as worse, and the README's table."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import figures, invented
from benchmarks.probe import probe
from benchmarks.speed import by_turns, interval
from index.library import Library
from tests.fakes import FakeEmbedder

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BEFORE = {"elsewhere": 0.10, "adding": {"minilm": {"median": 2.0}}}


def test_only_what_got_worse_by_more_than_a_tenth_is_told() -> None:
    better = {"elsewhere": 0.05, "adding": {"minilm": {"median": 3.0}}}
    nearly = {"elsewhere": 0.109, "adding": {"minilm": {"median": 1.81}}}
    assert [*figures.worse("speed", better, BEFORE), *figures.worse("speed", nearly, BEFORE)] == []
    told = list(figures.worse("speed", {"elsewhere": 0.12, "adding": {"minilm": {"median": 1.7}}}, BEFORE))
    assert len(told) == 2
    assert "2 -> 1.7 x (15% worse)" in told[0]
    assert "10 -> 12 % (20% worse)" in told[1]
    assert list(figures.worse("growing", BEFORE, BEFORE)) == []


def test_figures_are_kept_size_by_size_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(figures, "FOLDER", tmp_path)
    monkeypatch.setattr(figures, "ROOT", tmp_path)
    (tmp_path / "README.md").write_text(f"above\n{figures.BEGIN}\nold\n{figures.END}\nbelow\n")
    figures.tell("growing", {"sizes": {"10000": {"search": {"p95": 0.010}}}}, keep=True)
    figures.tell("growing", {"sizes": {"100000": {"search": {"p95": 0.040}}}}, keep=True)
    figures.tell("growing", {"sizes": {"10000": {"search": {"p95": 0.030}}}}, keep=False)
    assert "10 -> 30 ms (200% worse)" in capsys.readouterr().out
    assert set(json.loads((tmp_path / "growing.json").read_text())["sizes"]) == {"10000", "100000"}
    shown = (tmp_path / "README.md").read_text()
    assert "| search p95, 10,000 passages | 10 ms | ≤ 20 | yes |" in shown
    assert "| search p95, 100,000 passages | 40 ms | ≤ 35 | **no** |" in shown
    assert shown.startswith("above\n")
    assert shown.endswith("below\n")
    assert "old" not in shown


def test_the_readme_shows_the_figures_that_are_kept() -> None:
    shown = README.split(figures.BEGIN)[1].split(figures.END)[0].strip()
    assert shown == figures.table({name: figures.kept(name) for name in ("speed", "growing")})


def test_both_sides_are_first_equally_often() -> None:
    assert [ours for ours, _ in by_turns(4)] == [True, False, False, True, True, False, False, True]


def test_an_interval_holds_the_median() -> None:
    found = interval([1.8, 2.0, 2.2, 1.9, 2.1, 2.05, 1.95])
    assert found["median"] == 2.0
    assert 1.8 <= found["low"] <= found["median"] <= found["high"] <= 2.2


def test_invented_vectors_lie_as_near_to_each_other_as_real_ones() -> None:
    numbers = np.random.default_rng(1)
    real = numbers.standard_normal((12, 64))[numbers.integers(0, 12, 600)] + 0.6 * numbers.standard_normal((600, 64))
    real = (real / np.linalg.norm(real, axis=1, keepdims=True)).astype(np.float32)
    made = invented.vectors_like(real, 600, invented._spread(real), seed=2)
    assert np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-5)
    assert invented.nearness(made)[0] == pytest.approx(invented.nearness(real)[0], abs=0.05)


def test_an_invented_library_is_sound_and_filled_once(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    texts = tuple(f"The bridge of region {n} was opened by minister {n} in the year {1900 + n}." for n in range(40))
    vectors = embedder.embed_passages(texts)
    found = invented.Real(np.array(" ".join(texts).split()), texts, vectors, 0.4)
    library = Library.open(tmp_path)
    try:
        assert invented.fill(library, embedder, found, 200) == invented.fill(library, embedder, found, 200) == 4
        dossier = library.dossiers.key(invented.DOSSIER)
        assert library.passages.count(dossier) == 200
        assert len({kept.passage.text for kept in library.passages.load(range(1, 201), dossier).values()}) == 200
        assert not library.embeddings.damaged()
    finally:
        library.close()


def test_the_probe_computes_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.probe.SECONDS", 0.02)
    found = probe()
    assert found.int8 > 0 < found.fp32
    assert found.memory > 0
    assert f"{found.cores} cores" in found.line()
