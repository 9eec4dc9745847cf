"""Nothing on the page shuts people out: axe-core finds no serious fault in any state, light and dark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from browser import Visit, visiting
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.browser_all
AXE = Path(__file__).parents[2] / ".venv" / "axe" / "axe.min.js"
"""Fetched by `make test-browser`."""


def _asked(visit: Visit) -> None:
    visit.ask("Has overall trade increased? Where do sources disagree?")


def _declined(visit: Visit) -> None:
    visit.ask("Who invented the zebra quantum?")


def _card(visit: Visit) -> None:
    _asked(visit)
    visit.page.locator("#chat a.cite").first.hover()
    expect(visit.page.locator("#card-shown")).to_be_visible()


def _read(visit: Visit) -> None:
    _asked(visit)
    visit.page.locator("#chat a.cite").nth(1).click()
    expect(visit.page.locator("#quote-mark")).to_be_visible()


def _paged(visit: Visit) -> None:
    visit.choose("Reports")
    visit.page.locator("#documents li > a", has_text="Inquiry").click()
    expect(visit.page.locator("#reader .sheet img").first).to_be_visible()


def _correcting(visit: Visit) -> None:
    visit.page.locator("#documents li > a").first.click()
    visit.page.locator("#reader a[href^='#correct-']").click()
    expect(visit.page.locator("#correcting")).to_be_visible()


def _timeline(visit: Visit) -> None:
    _asked(visit)
    visit.page.locator("#reader a[href^='#timeline']").click()
    expect(visit.page.locator("#reader svg.picture")).to_be_visible()


def _map(visit: Visit) -> None:
    visit.page.locator("#reader a[href^='#map']").click()
    expect(visit.page.locator("#reader svg.picture")).to_be_visible()


def _coverage(visit: Visit) -> None:
    _asked(visit)
    visit.page.locator("#chat a[href^='#rests']").click()
    expect(visit.page.locator("#reader svg.picture")).to_be_visible()


def _kept(visit: Visit) -> None:
    _asked(visit)
    visit.page.locator("#kept-half-tab").click()
    visit.page.locator("#kept summary").first.click()


def _adding(visit: Visit) -> None:
    visit.choose("Uploads")
    visit.upload(("broken.pdf", b"%PDF-1.4 no"), ("axe.txt", b"Words about axes."))
    visit.page.locator(".filters > summary").click()
    visit.page.locator(".menu > summary").click()


def _syncing(visit: Visit) -> None:
    page = visit.page
    page.locator("#upload-more").evaluate("one => { one.open = true }")
    page.locator("#sync-folder").focus()
    known = page.locator("#folders-known option").last
    known.wait_for(state="attached")
    for folder in (known.get_attribute("value") or "", "/etc"):
        page.locator("#sync-folder").fill(folder)
        page.get_by_role("button", name="Sync", exact=True).click()
    expect(page.locator("#upload-list .done")).to_contain_text("4 added")
    expect(page.locator("#upload-list .failed")).to_be_visible()


def _wording(visit: Visit) -> None:
    visit.page.locator("#wording button").click()
    expect(visit.page.locator("#wording [aria-pressed='true']")).to_be_visible()


def _help(visit: Visit) -> None:
    visit.page.locator("#question textarea").press("Escape")
    visit.page.keyboard.press("?")
    expect(visit.page.locator("#help-dialog")).to_be_visible()


STATES: dict[str, Callable[[Visit], None]] = {
    "welcome": lambda visit: None, "asked": _asked, "declined": _declined, "card": _card, "read": _read,
    "paged": _paged, "correcting": _correcting, "timeline": _timeline, "map": _map, "coverage": _coverage,
    "kept": _kept, "wording": _wording, "adding": _adding, "syncing": _syncing, "help": _help,
}  # fmt: skip


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("width", [1400, 390])
def test_axe_finds_nothing_serious(
    browser: Browser, state: str, theme: str, width: int, request: pytest.FixtureRequest
) -> None:
    if width == 390 and (theme == "dark" or state not in ("welcome", "asked", "help")):
        pytest.skip("on a narrow screen the three kinds of places are looked at once")
    address = request.getfixturevalue("with_folders" if state == "syncing" else "address")
    size = {"width": width, "height": 900}
    with visiting(browser, address, viewport=size, color_scheme=theme, locale="en-GB") as visit:
        STATES[state](visit)
        visit.page.wait_for_timeout(200)
        visit.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = visit.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    serious = [
        (one["id"], [(node["html"][:160], node.get("failureSummary", "")[:300]) for node in one["nodes"][:4]])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []
