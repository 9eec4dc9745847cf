"""How quick the page is in chromium: opening, typing, the first sentence, citations, eight people, a long conversation.

python benchmarks/page.py [--rounds 5] [--documents 2000] [--against http://127.0.0.1:7999]

`--against` opens the page of another running server (an older version, say) by turns with this one's and prints both.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from index.records import Metadata, Source
from rag.answers import Ask
from rag.pipeline import Rag
from ui.config import Config
from ui.conversations import Asking, Conversations
from ui.owner import LOCAL
from ui.page import conversation as talk
from ui.server import Site
from ui.service import Service

EXAMPLES = Path(__file__).parents[1] / "examples" / "documents"
COST, MEMO = "What does the bridge cost?", "What did the Commission of Inquiry say about the memo?"
WORDS = "How much did the repair of the welds cost the city in the end"
CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
STEPS = {
    "frame": "#header h1",
    "question": "#question textarea",
    "list": "#documents .tick",
    "conversation": "#chat .welcome",
}
MARKING = """(steps) => {
  window.marks = {};
  const look = () => {
    for (const [name, selector] of Object.entries(steps))
      if (!marks[name] && document.querySelector(selector)) marks[name] = performance.now();
  };
  new MutationObserver(look).observe(document, {childList: true, subtree: true});
}"""
UNTIL = """([act, selector, drawn]) => new Promise((done) => {
  const began = performance.now();
  [...document.querySelectorAll(act)].pop().click();
  const there = () => document.querySelector(selector) &&
    (!drawn || [...document.querySelectorAll(drawn)].every((one) => one.naturalWidth > 0));
  const look = () => requestAnimationFrame(there() ? () => done(performance.now() - began) : look);
  look();
})"""
ANSWERED = """(before) => {
  const fact = (id) => document.getElementById(id).textContent;
  return fact("asked-count") !== before && fact("busy") === "" && !document.querySelector("#chat .writing");
}"""
SEEING = """() => {
  window.seen = 0;
  const see = () => { window.seen ||= performance.timeOrigin + performance.now(); };
  new MutationObserver(() => { if (!seen && document.querySelector('#chat .statement')) requestAnimationFrame(see); })
    .observe(document, {childList: true, subtree: true});
}"""
EVENTS = """() => {
  window.slow = [];
  const keys = (list) => list.getEntries().filter((one) => one.name.startsWith('key')).map((one) => one.duration);
  new PerformanceObserver((list) => slow.push(...keys(list))).observe({type: 'event', durationThreshold: 16});
}"""
SCROLL = """() => new Promise((done) => {
  const log = document.querySelector("#chat [role='log']");
  const gaps = [];
  let last = performance.now();
  const move = (now) => {
    gaps.push(now - last);
    last = now;
    log.scrollTop -= 150;
    if (gaps.length < 60) requestAnimationFrame(move); else done(gaps.slice(1));
  };
  requestAnimationFrame(move);
})"""


def told(what: str, taken: Sequence[float], unit: str = "ms") -> None:
    """Print the middle and the worst."""
    print(f"{what:52} median {statistics.median(taken):7.0f} {unit}   worst {max(taken):7.0f} {unit}   n {len(taken)}")


@contextmanager
def served(service: Service, config: Config) -> Iterator[str]:
    """Serve the page in this process, so that one clock tells when a sentence leaves and when it is seen."""
    site = Site(service, config)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(site.app, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    site.bring_page()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


def fill(service: Service, total: int) -> None:
    """Add the examples, and a dossier of many short documents."""
    sources = [Source(one.name, f"upload:{one.name}", content=one.read_bytes()) for one in sorted(EXAMPLES.iterdir())]
    crowd = [
        Source(f"{n}.txt", f"upload:{n}.txt", text=f"Trade grows\nArticle {n} of the long list.",
               metadata=Metadata(f"Article number {n}", f"Publisher {n % 9}", None, f"20{10 + n % 15}-05-17", "given"))
        for n in range(total)
    ]  # fmt: skip
    for name, wanted in (("examples", sources), ("crowd", crowd)):
        service.shelf.wait(service.shelf.add(name, wanted).id, 1200)


def opened(context: BrowserContext, address: str) -> dict[str, float]:
    """Open the page; give milliseconds until each of its parts is there."""
    page = context.new_page()
    page.add_init_script(f"({MARKING})({json.dumps(STEPS)})")
    page.goto(address)
    for selector in STEPS.values():
        page.locator(selector).first.wait_for(state="attached")
    marks: dict[str, float] = page.evaluate("marks")
    page.close()
    return {**marks, "usable": max(marks["question"], marks["list"])}


def opening(browser: Browser, addresses: dict[str, str], rounds: int) -> None:
    """Open by turns, with an empty cache and with a full one."""
    taken: dict[tuple[str, str, str], list[float]] = {}
    for _ in range(rounds):
        for name, address in addresses.items():
            context = browser.new_context(viewport={"width": 1400, "height": 900})
            for kind in ("first", "again"):
                for part, mark in opened(context, address).items():
                    taken.setdefault((kind, part, name), []).append(mark)
            context.close()
    for (kind, part, name), marks in sorted(taken.items()):
        told(f"open, {kind} visit: {part} ({name})", marks)


def ask(page: Page, question: str) -> None:
    """Ask and wait for the answer's end."""
    before = page.locator("#asked-count").text_content()
    page.locator("#question textarea").fill(question)
    page.keyboard.press("Enter")
    page.wait_for_function(ANSWERED, arg=before, timeout=120_000)


def visited(context: BrowserContext, address: str, path: str = "/?dossier=examples") -> Page:
    """Open the page and wait until it is whole."""
    page = context.new_page()
    page.goto(address + path)
    page.locator("#asked-count").wait_for(state="attached")
    page.locator("#documents .tick").first.wait_for()
    return page


def sentences(context: BrowserContext, address: str, rounds: int) -> None:
    """Measure from the moment the server gives the first sentence away until it is painted."""
    left: list[float] = []
    writing = talk.answers.writing
    talk.answers.writing = lambda *given: left.append(time.time() * 1000) or writing(*given)  # type: ignore[func-returns-value]
    taken = []
    for _ in range(rounds):
        page = visited(context, address)
        page.evaluate(SEEING)
        left.clear()
        ask(page, COST)
        page.wait_for_function("() => window.seen")
        taken.append(page.evaluate("seen") - left[0])
        page.close()
    talk.answers.writing = writing
    told("first sentence on the screen after it was sent", taken)


def citations(context: BrowserContext, address: str, rounds: int) -> None:
    """Measure from the click on a number until the quote is marked, in text and on a page of a PDF."""
    for what, question, drawn in (("text", COST, None), ("PDF", MEMO, ".sheet:has(.box) img")):
        page, taken = visited(context, address), []
        ask(page, question)
        mark = "#reader .sheet .box" if drawn else "#quote-mark"
        for _ in range(rounds):
            taken.append(page.evaluate(UNTIL, ["#chat .text a.cite", mark, drawn]))
            page.locator("#reader .back").click()
            page.locator(mark).wait_for(state="detached")
        page.close()
        told(f"citation followed, {what}: the first time", taken[:1])
        told(f"citation followed, {what}: then", taken[1:] or taken)


def crowd(browser: Browser, address: str) -> None:
    """Let eight people ask at once and a ninth look on."""
    contexts = [browser.new_context() for _ in range(9)]
    pages = [visited(context, address) for context in contexts]
    began = time.monotonic()
    for number, page in enumerate(pages[:8]):
        page.locator("#question textarea").fill(f"{COST} {number}")
        page.keyboard.press("Enter")
    looked = []
    for word in ("bridge", "memo", "council"):
        start = time.monotonic()
        pages[8].locator("#search-documents").fill(word)
        pages[8].wait_for_timeout(150)
        looked.append(1000 * (time.monotonic() - start) - 150)
    ends = []
    for page in pages[:8]:
        page.locator("#chat .standing").wait_for(timeout=120_000)
        ends.append(1000 * (time.monotonic() - began))
    told("eight ask at once: answered after", ends)
    told("eight ask at once: a ninth types into the search", looked)
    for context in contexts:
        context.close()


def long(context: BrowserContext, address: str, service: Service) -> None:
    """Type, scroll and ask in a conversation of 1,000 messages."""
    page = visited(context, address)
    ask(page, COST)
    mine = Conversations(service.shelf, _owner(service))
    conversation = mine.page()[0][0].id
    content = mine.read(conversation)[1][0].content
    for _ in range(499):
        content = {**content, "id": f"a_{secrets.token_hex(8)}"}
        service.shelf.history.keep(mine.owner, content, conversation, COST)
    began = time.monotonic()
    page.goto(f"{address}/?conversation={conversation}")
    page.locator("#chat .standing").last.wait_for()
    told("1,000 messages: opened", [1000 * (time.monotonic() - began)])
    typing(page, "1,000 messages")
    told("1,000 messages: frames while scrolling", page.evaluate(SCROLL))
    began = time.monotonic()
    ask(page, "How many people were injured?")
    told("1,000 messages: asked and answered", [1000 * (time.monotonic() - began)])
    page.close()


def _owner(service: Service) -> str:
    """Tell who asked last: the browser of this run."""
    with service.shelf._library.database.read() as connection:
        row = connection.execute("SELECT owner FROM answers ORDER BY key DESC LIMIT 1").fetchone()
    return str(row[0]) if row else LOCAL


def typing(page: Page, where: str) -> None:
    """Type, and print how long keys took until they were painted; what is quicker than 16 ms is not counted."""
    page.evaluate(EVENTS)
    page.locator("#question textarea").focus()
    page.keyboard.type(WORDS, delay=20)
    page.wait_for_timeout(300)
    slow: list[float] = page.evaluate("slow")
    told(f"{where}: {len(WORDS)} keys, {len(slow)} of 16 ms or more", slow or [0.0])
    page.locator("#question textarea").fill("")


def main() -> None:
    """Measure all."""
    wished = argparse.ArgumentParser(description=__doc__)
    wished.add_argument("--rounds", type=int, default=5)
    wished.add_argument("--documents", type=int, default=2000)
    wished.add_argument("--against", help="the address of another server whose page is opened by turns")
    given = wished.parse_args()
    with tempfile.TemporaryDirectory() as data:
        models = {"models": Path(os.environ["DOSSIER_MODELS"])} if "DOSSIER_MODELS" in os.environ else {}
        config = Config(data=Path(data), queue=64, **models)
        service: Any = Service(Rag.open(config), config)
        fill(service, given.documents)
        Asking(service, Conversations(service.shelf, LOCAL)).ask(Ask(COST, "examples"))  # the models are warm
        with served(service, config) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(CHROMIUM))
            addresses = {"this": f"{address}/?dossier=crowd"} | ({"other": given.against} if given.against else {})
            opening(browser, addresses, given.rounds)
            context = browser.new_context(viewport={"width": 1400, "height": 900}, reduced_motion="reduce")
            sentences(context, address, given.rounds)
            citations(context, address, given.rounds)
            page = visited(context, address, "/?dossier=crowd")
            typing(page, f"{given.documents} documents")
            page.close()
            crowd(browser, address)
            long(context, address, service)
            browser.close()
        service.close()


if __name__ == "__main__":
    main()
