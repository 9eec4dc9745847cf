"""How the page opens: its frame and its question are there before Gradio, and its files come once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from browser import PATIENCE
from playwright.sync_api import BrowserContext, Page, Route, expect

pytestmark = pytest.mark.browser


@dataclass
class Held:
    """A tab in which Gradio's scripts do not come until they are let go."""

    page: Page
    waiting: list[Route] = field(default_factory=list)
    free: bool = False

    def hold(self, route: Route) -> None:
        if self.free:
            route.continue_()
        else:
            self.waiting.append(route)

    def let_go(self) -> None:
        self.free = True
        for route in self.waiting:
            route.continue_()


@pytest.fixture
def held(context: BrowserContext) -> Iterator[Held]:
    held = Held(context.new_page())
    held.page.set_default_timeout(PATIENCE)
    held.page.route(re.compile(r"/assets/[^/]*\.js"), held.hold)
    yield held
    held.page.close()


def test_the_list_is_there_and_a_question_can_be_sent_before_gradio(held: Held, address: str) -> None:
    page = held.page
    page.goto(address + "/?dossier=default", wait_until="commit")
    expect(page.locator("#documents .tick")).to_have_count(3)
    expect(page.locator("#question textarea")).to_be_focused()
    page.locator("#documents li > a", has_text="Trade grows").click()
    expect(page.locator("#reading-title")).to_have_text("Trade grows after the deal")
    page.locator("#question textarea").click()
    page.keyboard.type("Nobody expected what?")
    page.keyboard.press("Enter")
    expect(page.locator("#early")).to_be_visible()
    assert page.locator("#chat").count() == 0
    held.let_go()
    expect(page.locator("#chat .statement")).to_have_text(["Nobody expected it."])
    expect(page.locator("#early")).to_be_hidden()
    expect(page.locator("#question textarea")).to_have_value("")


def test_a_chosen_theme_is_there_from_the_first_paint_and_gradio_leaves_it(
    context: BrowserContext, address: str
) -> None:
    page = context.new_page()
    page.goto(address)
    page.evaluate("localStorage.setItem('dossier-theme', 'dark')")
    page.goto(address, wait_until="commit")
    page.locator("#header h1").wait_for()
    expect(page.locator("body")).to_have_class(re.compile("dark"))
    page.locator("#chat .welcome").wait_for()
    expect(page.locator("body")).to_have_class(re.compile("dark"))
    page.evaluate("localStorage.removeItem('dossier-theme')")
    page.close()


def test_files_that_carry_their_hash_are_kept_for_ever_and_compressed(address: str) -> None:
    with httpx.Client(base_url=address, trust_env=False) as client:
        page = client.get("/")
        assert page.headers["content-encoding"] == "gzip"
        ours = re.findall(r'"(/page/[0-9a-f]{16}/[\w-]+\.(?:js|css|svg))"', page.text)
        assert len(ours) > 12
        gradios = re.findall(r'"\.?(/assets/index-[\w-]+\.(?:js|css))"', page.text)
        assert len(gradios) >= 2
        for path in (*ours, *gradios, *gradios):
            reply = client.get(path)
            assert reply.status_code == 200
            assert "immutable" in reply.headers["cache-control"]
            assert reply.headers["content-encoding"] in ("gzip", "br")
            assert reply.headers["vary"] == "accept-encoding"
            plain = client.get(path, headers={"accept-encoding": "identity"})
            assert "content-encoding" not in plain.headers
            assert plain.content == reply.content
            assert client.head(path).content == b""
        older = re.sub("[0-9a-f]{16}", "0" * 16, ours[0])
        assert client.get(older).headers["cache-control"] == "no-cache"
        assert client.get("/assets/no-such-file.js").status_code == 404
