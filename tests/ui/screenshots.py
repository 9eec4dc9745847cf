"""Take pictures of the page from a running server: `python tests/ui/screenshots.py ADDRESS [FOLDER [STATE ...]]`.

The server holds the examples in its first dossier, may read one folder, and answers as it always does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from browser import Visit, chromium, visiting

COST = "What does the bridge cost?"
INJURED = "How many people were injured?"
MEMO = "What did the Commission of Inquiry say about the memo?"
NOWHERE = "Who designed the opera house in Sydney?"
BROKEN = ("scan.pdf", b"%PDF-1.4 nothing")
NOTES = ("notes.txt", b"The ferry runs every twenty minutes while the bridge is closed.")


def cited(visit: Visit, question: str, *before: str) -> None:
    """Ask, and follow the first number of the last answer."""
    for one in (*before, question):
        visit.ask(one)
    visit.page.locator("#chat .answer").last.locator("a.cite").first.click()
    visit.page.locator("#quote-mark").wait_for()
    drawn = "() => [...document.querySelectorAll('.sheet:has(.box) img')].every(one => one.naturalWidth > 0)"
    visit.page.wait_for_function(drawn)


def hovered(visit: Visit) -> None:
    """Point at a number."""
    visit.ask(INJURED)
    visit.ask(COST)
    visit.page.wait_for_timeout(1000)  # a list that still scrolls hides what is shown
    visit.page.locator("#chat a.cite").last.hover()
    visit.page.locator("#card-shown").wait_for()


def looked(kind: str) -> Callable[[Visit], None]:
    """Look at a picture of the dossier after an answer."""

    def look(visit: Visit) -> None:
        visit.ask(COST)
        visit.page.locator(f"#reader a[href^='#{kind}']").first.click()
        visit.page.locator("svg.picture").wait_for()

    return look


def begun(visit: Visit) -> None:
    """Wait for the questions to begin with."""
    visit.page.locator("#suggestions .offer").first.wait_for(timeout=60_000)


def ticked(visit: Visit) -> None:
    """Tick two documents and open the filter."""
    visit.page.locator(".filters > summary").click()
    for number in (2, 4):
        visit.page.locator("#documents .tick").nth(number).check()
    visit.ask(COST)


def begun_dossier(visit: Visit, name: str) -> None:
    """Begin a dossier."""
    visit.page.locator(".menu > summary").click()
    visit.page.get_by_role("button", name="New dossier").click()
    visit.page.locator("#dossier-forms input").fill(name)
    visit.page.locator("#dossier-forms button[type='submit']").click()
    visit.settled(name)


def added(visit: Visit) -> None:
    """Add a file that can be read and one that cannot."""
    begun_dossier(visit, "Harbour")
    visit.upload(NOTES, BROKEN)


def synced(visit: Visit) -> None:
    """Keep a dossier equal to a folder that the settings allow, and try one that they do not."""
    begun_dossier(visit, "Press")
    visit.page.locator("#upload-more").evaluate("one => { one.open = true }")
    visit.page.locator("#sync-folder").focus()
    known = visit.page.locator("#folders-known option").first
    known.wait_for(state="attached")
    for folder in (known.get_attribute("value") or "", "/etc"):
        visit.page.locator("#sync-folder").fill(folder)
        visit.page.get_by_role("button", name="Sync", exact=True).click()
    visit.page.locator("#upload-list .done").wait_for(timeout=120_000)
    visit.page.locator("#upload-list .failed").wait_for()
    visit.page.mouse.click(700, 20)  # the names to choose from are folded


def kept(visit: Visit) -> None:
    """List the conversations."""
    visit.ask(INJURED)
    visit.page.locator("#fresh").click()
    visit.page.locator("#chat .question").wait_for(state="detached")
    visit.ask(COST)
    visit.page.locator("#kept-half-tab").click()
    visit.page.locator("#kept summary").first.click()


def worded(visit: Visit) -> None:
    """Open the choice of what words the answers."""
    visit.ask(COST)
    visit.page.locator("#wording button").click()
    visit.page.locator("#wording [aria-pressed='true']").wait_for()


def helped(visit: Visit) -> None:
    """List the keys."""
    visit.page.locator("#question textarea").press("Escape")
    visit.page.keyboard.press("?")


def placed(name: str) -> Callable[[Visit], None]:
    """Go to a place of a narrow screen."""

    def place(visit: Visit) -> None:
        visit.ask(COST)
        visit.place(name)

    return place


WIDE, NARROW = (1440, 900), (390, 800)
STATES: tuple[tuple[str, tuple[int, int], str, str, Callable[[Visit], None]], ...] = (
    ("page", WIDE, "light", "en-GB", lambda visit: cited(visit, COST, INJURED)),
    ("page-dark", WIDE, "dark", "en-GB", lambda visit: cited(visit, COST, INJURED)),
    ("page-german", WIDE, "light", "de-DE", lambda visit: cited(visit, COST)),
    ("page-welcome", WIDE, "light", "en-GB", begun),
    ("page-card", WIDE, "light", "en-GB", hovered),
    ("page-pdf", WIDE, "light", "en-GB", lambda visit: cited(visit, MEMO)),
    ("page-declined", WIDE, "light", "en-GB", lambda visit: visit.ask(NOWHERE)),
    ("page-ticked", WIDE, "light", "en-GB", ticked),
    ("page-timeline", WIDE, "light", "en-GB", looked("timeline")),
    ("page-map", WIDE, "dark", "en-GB", looked("map")),
    ("page-coverage", WIDE, "light", "en-GB", looked("coverage")),
    ("page-kept", WIDE, "light", "en-GB", kept),
    ("page-wording", WIDE, "dark", "de-DE", worded),
    ("page-help", WIDE, "light", "en-GB", helped),
    ("page-narrow", NARROW, "light", "en-GB", placed("conversation")),
    ("page-narrow-sources", NARROW, "dark", "en-GB", placed("sources")),
    ("page-adding", WIDE, "light", "en-GB", added),
    ("page-syncing", WIDE, "light", "en-GB", synced),
)


def take(address: str, folder: Path, wanted: tuple[str, ...] = ()) -> list[Path]:
    """Bring the page into each state (or those wanted) and write its picture."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with chromium() as browser:
        for name, (width, height), theme, locale, bring in STATES:
            if wanted and name not in wanted:
                continue
            size = {"width": width, "height": height}
            with visiting(browser, address, viewport=size, color_scheme=theme, locale=locale) as visit:
                bring(visit)
                visit.page.wait_for_timeout(700)
                written.append(folder / f"{name}.png")
                visit.page.screenshot(path=written[-1])
    return written


if __name__ == "__main__":
    place = Path(sys.argv[2] if len(sys.argv) > 2 else "docs/pictures")
    take(sys.argv[1].rstrip("/"), place, tuple(sys.argv[3:]))
