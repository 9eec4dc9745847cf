"""Take the pictures of the documentation from a running server: `python tests/ui/screenshots.py ADDRESS [FOLDER]`."""

from __future__ import annotations

import sys
from pathlib import Path

from browser import chromium, visiting

QUESTION = "How many people were injured?"
FOLLOW_UP = "What does the bridge cost?"
PICTURES = (
    ("page.png", 1440, 900, "light"),
    ("page-dark.png", 1440, 900, "dark"),
    ("page-narrow.png", 390, 800, "light"),
)


def take(address: str, folder: Path, questions: tuple[str, ...] = (QUESTION, FOLLOW_UP)) -> list[Path]:
    """Ask, follow the first number of the last answer, and write the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with chromium() as browser:
        for name, width, height, theme in PICTURES:
            size = {"width": width, "height": height}
            with visiting(browser, address, viewport=size, color_scheme=theme) as visit:
                for question in questions:
                    visit.ask(question)
                if width > 1000:
                    visit.page.locator("#chat .answer").last.locator("a.cite").first.click()
                visit.page.wait_for_timeout(500)
                visit.page.screenshot(path=folder / name)
                written.append(folder / name)
    return written


if __name__ == "__main__":
    take(sys.argv[1].rstrip("/"), Path(sys.argv[2] if len(sys.argv) > 2 else "docs/pictures"))
