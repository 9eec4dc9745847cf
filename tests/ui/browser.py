"""A real server on a free port and a real chromium that writes down every request."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

PATIENCE = 30_000
"""Milliseconds for anything to happen: the machine may be busy."""
CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip


@contextmanager
def serving(app: object) -> Iterator[str]:
    """Serve the application and give its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        until = time.monotonic() + 20
        while not server.started and time.monotonic() < until:
            time.sleep(0.02)
        assert server.started
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
    assert not thread.is_alive()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """An open page and everything that happened in it."""

    page: Page
    address: str
    foreign: list[str] = field(default_factory=list)
    """Requests to anywhere but the server."""
    failures: list[str] = field(default_factory=list)
    """Script errors, refusals by the policy, answers of 400 and above."""
    dialogs: list[str] = field(default_factory=list)

    def ask(self, question: str) -> None:
        """Send a question and wait for its answer's end."""
        before = self.page.locator("#chat .question").count()
        self.page.locator("#question textarea").fill(question)
        self.page.keyboard.press("Enter")
        self.page.locator("#chat .question").nth(before).wait_for()
        self.answered()

    def answered(self) -> None:
        """Wait until nothing is being written."""
        expect(self.page.locator("#busy")).to_have_text("")
        self.page.locator("#question .stop-button").wait_for(state="detached")
        self.page.locator("#chat .waiting, #chat .writing").first.wait_for(state="detached")
        expect(self.page.locator("#question textarea")).to_have_value("")

    def choose(self, dossier: str) -> None:
        """Go to another dossier."""
        self.page.locator(f"#dossier option[value='{dossier}']").wait_for(state="attached")
        self.page.locator("#dossier").select_option(dossier)
        self.settled(dossier)

    def settled(self, dossier: str) -> None:
        """Wait until a dossier is shown with its list."""
        expect(self.page.locator("#dossier-name")).to_have_text(dossier)
        expect(self.page.locator("#dossier")).to_have_value(dossier)
        expect(self.page.locator("#documents")).to_have_attribute("data-dossier", dossier)

    def place(self, name: str) -> None:
        """Go to one of the three places, where only one is shown at a time."""
        tab = self.page.locator(f".tabs a[href='#{name}']")
        if tab.is_visible():
            tab.click()
        expect(self.page.locator(f"#{name}")).to_be_visible()

    def upload(self, *files: tuple[str, bytes]) -> None:
        """Choose files and wait until each has ended."""
        self.page.locator("#upload-more").evaluate("one => { one.open = true }")
        self.page.set_input_files(
            "#files", [{"name": name, "mimeType": "text/plain", "buffer": content} for name, content in files]
        )
        for name, _ in files:
            self.page.locator("#upload-list li:is(.done, .failed)", has_text=name).last.wait_for()


@contextmanager
def visiting(browser: Browser, address: str, path: str = "/", **options: object) -> Iterator[Visit]:
    """Open the page in a context of its own."""
    context = browser.new_context(reduced_motion="reduce", **options)  # type: ignore[arg-type]
    try:
        with opened(context, address, path) as visit:
            yield visit
    finally:
        context.close()


@contextmanager
def opened(context: BrowserContext, address: str, path: str = "/") -> Iterator[Visit]:
    """Open the page in a tab, which may find in the cache what other tabs have loaded."""
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    visit = Visit(page, address)
    page.on("request", lambda request: _note_request(visit, request.url))
    page.on("response", lambda reply: _note_reply(visit, reply.status, reply.url))
    page.on("pageerror", lambda error: visit.failures.append(str(error)))
    page.on("console", lambda message: visit.failures.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: (visit.dialogs.append(dialog.message), dialog.dismiss()))
    try:
        page.goto(address + path)
        page.locator("#files").wait_for(state="attached")
        page.locator("#dossier option").first.wait_for(state="attached")
        yield visit
    finally:
        page.close()


def _note_request(visit: Visit, url: str) -> None:
    if not url.startswith((visit.address + "/", "data:", "blob:")):
        visit.foreign.append(url)


def _note_reply(visit: Visit, status: int, url: str) -> None:
    if status >= 400:
        visit.failures.append(f"{status} {url}")
