"""A real server with the page over a real shelf whose answers follow a script, and one browser for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Visit, chromium, opened, serving
from playwright.sync_api import Browser, BrowserContext
from scripted import ScriptedRag, put, put_file

from index.records import Metadata
from index.shelf import Shelf
from tests.fakes import FakeEmbedder
from ui.config import Config
from ui.server import Site
from ui.service import Service

POST = Metadata("Trade grows after the deal", "The Post", "Ann Other", "2024-05-17", "metadata")
TIMES = Metadata("Statisticians doubt the figures", "Harbour Times", None, "2024-06", "text")
GROWTH = "Overall trade has increased by 26% since the agreement, the ministry said."
DOUBT = "Overall trade has increased by 24% since the agreement, the office said."
REPORT = Path(__file__).parents[2] / "examples" / "documents" / "2025-01-20_interim-report.pdf"


@pytest.fixture(scope="session")
def rag(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedRag]:
    config = Config(data=tmp_path_factory.mktemp("page"))
    with Shelf.open(config, FakeEmbedder()) as shelf:
        put(shelf, "default", "trade.txt", f"Trade grows\n{GROWTH}\nNobody expected it.", POST)
        put(shelf, "default", "office.txt", f"Notes\n{DOUBT}\nThe base year is another one.", TIMES)
        put(shelf, "default", "long.txt", "Filler about nothing at all.\n" * 400, Metadata("A long report"))
        put(shelf, "Garden", "roses.txt", "Roses need water twice weekly in summer.")
        put_file(shelf, "Reports", "report.pdf", REPORT.read_bytes())
        put(shelf, "Reports", "table.md", "# Costs\n\n| Year | Crowns |\n|---|---|\n| 2023 | 412 |\n| 2024 | 480 |\n")
        shelf.create_dossier("Uploads")
        yield ScriptedRag(shelf)


@pytest.fixture(scope="session")
def address(rag: ScriptedRag) -> Iterator[str]:
    config = Config()
    site = Site(Service(rag, config), config)
    with serving(site.app) as address:
        site.bring_page()
        yield address


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    folder = tmp_path / "allowed" / "articles"
    folder.mkdir(parents=True)
    for number in range(4):
        (folder / f"{number}.txt").write_text(f"Article number {number} about trade.", encoding="utf-8")
    return folder


@pytest.fixture
def with_folders(tmp_path: Path, allowed: Path) -> Iterator[str]:
    config = Config(data=tmp_path / "data", folders=(allowed.parent,))
    with Shelf.open(config, FakeEmbedder()) as shelf:
        put(shelf, "default", "kept.txt", "Words that stay.")
        site = Site(Service(ScriptedRag(shelf), config), config)
        with serving(site.app) as address:
            site.bring_page()
            yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def context(browser: Browser) -> BrowserContext:
    return browser.new_context(reduced_motion="reduce", viewport={"width": 1400, "height": 900}, locale="en-GB")


@pytest.fixture
def visit(context: BrowserContext, address: str) -> Iterator[Visit]:
    with opened(context, address) as visit:
        yield visit
        assert visit.foreign == []
        assert visit.failures == []
        assert visit.dialogs == []


def in_view(visit: Visit, selector: str) -> bool:
    found: bool = visit.page.locator(selector).first.evaluate(
        "(e) => { const r = e.getBoundingClientRect(), m = document.elementFromPoint(r.x + 5, r.y + 5);"
        " return r.top >= 0 && r.bottom <= innerHeight && e.closest('.place').contains(m) }"
    )
    return found
