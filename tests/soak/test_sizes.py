"""Documents that are too much at once: a gigabyte, a line of forty megabytes, ten thousand pages, a crowd of files."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest

from index.config import IndexConfig
from index.errors import TooLarge
from index.load import files_of, source_of
from index.records import Job, Source
from index.shelf import Shelf
from tests.fakes import FakeEmbedder

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]

MEGABYTE = 2**20
MOST_MEGABYTES = 800
CROWD = 100_000


def resident() -> float:
    """Give how much memory this process holds, in megabytes."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


@contextmanager
def bounded(told: str) -> Iterator[None]:
    """Watch the memory that is held meanwhile, and print the most."""
    before, most, over = resident(), 0.0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(0.02):
            most = max(most, resident() - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.monotonic()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        print(f"\n{told}: {most:.0f} MB more at most, {time.monotonic() - began:.1f} s")
    assert most <= MOST_MEGABYTES


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with Shelf.open(IndexConfig(data=tmp_path / "data"), FakeEmbedder()) as opened:
        yield opened


def added(shelf: Shelf, source: Source) -> Job:
    return shelf.wait(shelf.add("default", [source]).id, 900)


def test_a_gigabyte_is_refused_unread(tmp_path: Path) -> None:
    huge = tmp_path / "huge.txt"
    with huge.open("wb") as file:
        file.truncate(1024 * MEGABYTE)
    with bounded("a gigabyte"), pytest.raises(TooLarge):
        source_of(huge, IndexConfig())


def test_one_line_of_forty_megabytes_is_bounded(shelf: Shelf) -> None:
    line = b"The ferry ran until noon and the crane stood still all day long, said the harbour master of Oldport, "
    source = Source("line.txt", "upload:line.txt", content=line * (40_000_000 // len(line)))
    with bounded("one line of 40 MB"):
        job = added(shelf, source)
    assert job.state == "done"
    assert job.added + len(job.failed) == 1
    assert shelf.add("default", [Source("next.txt", "upload:next.txt", text="It rained.")])


def test_a_pdf_of_ten_thousand_pages_is_bounded(shelf: Shelf) -> None:
    made = pypdfium2.PdfDocument.new()
    for _ in range(10_000):
        made.new_page(200, 200)
    held = BytesIO()
    made.save(held)
    with bounded("10,000 pages"):
        job = added(shelf, Source("pages.pdf", "upload:pages.pdf", content=held.getvalue()))
    assert (job.state, job.added, len(job.failed)) == ("failed", 0, 1)


def test_a_crowd_of_files_is_bounded_and_cancelled_within_two_seconds(shelf: Shelf, tmp_path: Path) -> None:
    folder = tmp_path / "crowd"
    for number in range(CROWD):
        if number % 1000 == 0:
            (folder / str(number // 1000)).mkdir(parents=True)
        (folder / str(number // 1000) / f"{number}.txt").write_text(f"File number {number} tells of the sea.")
    with bounded(f"{CROWD:,} files"):
        sources = [source_of(path, IndexConfig()) for path in files_of([folder]) if isinstance(path, Path)]
        assert len(sources) == CROWD
        job = shelf.add("default", sources)
        until = time.monotonic() + 300
        while shelf.job(job.id).added < 50:
            assert time.monotonic() < until
            time.sleep(0.05)
        began = time.monotonic()
        shelf.cancel(job.id)
        ended = shelf.wait(job.id, 60)
        assert time.monotonic() - began <= 2.0
    assert ended.state == "cancelled"
    assert 50 <= len(shelf.catalogue("default")) < CROWD
