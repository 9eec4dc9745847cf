"""The chat page in a real browser, on a real server, over a real shelf; only the answers follow a script."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from browser import Visit, chromium, opened, serving, visiting
from playwright.sync_api import Browser, BrowserContext, expect
from scripted import ScriptedRag, put

from index.records import Metadata
from index.shelf import Shelf
from tests.fakes import FakeEmbedder
from ui.config import Config
from ui.server import Site
from ui.service import Service

pytestmark = pytest.mark.browser

POST = Metadata("Trade grows after the deal", "The Post", "Ann Other", "2024-05-17", "metadata")
TIMES = Metadata("Statisticians doubt the figures", "Harbour Times", None, "2024-06", "text")
GROWTH = "Overall trade has increased by 26% since the agreement, the ministry said."
DOUBT = "Overall trade has increased by 24% since the agreement, the office said."

PAYLOADS = (
    "<script>window.pwned=1;fetch('http://evil.example/s')</script>",
    '<img src=http://evil.example/i.png onerror="window.pwned=1;alert(1)">',
    "<svg onload=\"window.pwned=1\"><image href='http://evil.example/v'/></svg>",
    "![picture](http://evil.example/md.png)",
    "[a link](javascript:window.pwned=1)",
    "![ref][r]\n\n[r]: http://evil.example/ref.png",
    '<iframe srcdoc="<script>parent.pwned=1</script>" src=http://evil.example/f></iframe>',
    "<form action=http://evil.example/form><button autofocus>go</button></form>",
    "<style>body{background:url(http://evil.example/css)}</style>",
    '<div style="position:fixed;inset:0;background:url(//evil.example/d)">cover</div>',
    "$$\\href{javascript:alert(1)}{x}\\includegraphics{http://evil.example/tex.png}$$",
    "```mermaid\ngraph TD; A[<img src=http://evil.example/m>]-->B\n```",
    '<details open ontoggle="window.pwned=1"><summary>x</summary></details>',
    "<link rel=stylesheet href=http://evil.example/l.css><meta http-equiv=refresh content='0;url=http://evil.example'>",
    "</div></span></mark>\n\n<video src=http://evil.example/v.mp4 autoplay onerror=alert(2)></video>",
    "<a href='#theme' class='cite'>[1]</a> [1] Reuters <base href=http://evil.example/>",
    "&lt;img src=http://evil.example/e onerror=alert(3)&gt; <thinking>x</thinking> <custom-tag onclick=alert(4)>",
    "<math><mtext></p><style><img src=http://evil.example/mx onerror=alert(5)></style></mtext></math>",
)


NOT_SERVED = """
/file=/etc/passwd /gradio_api/file=/etc/passwd /gradio_api/file/etc/passwd /gradio_api/info /gradio_api/openapi.json
/gradio_api/proxy=http://evil.example/ /gradio_api/runs /monitoring/summary /gradio_api/deep_link /login_check
/gradio_api/stream/a/b/c/playlist.m3u8 /static/../../etc/passwd /assets/..%2f..%2f..%2froutes.py /svelte/x /pwa_icon
/custom_component/1/client/component/x /gradio_api/vibe-code /gradio_api/token /gradio_api/app_id /page/page.py
/page/style.css/../page.py
""".split()
NOT_ACCEPTED = """
/gradio_api/upload /gradio_api/component_server /gradio_api/run/ask /gradio_api/call/ask /gradio_api/api/ask
/gradio_api/vibe-edit /gradio_api/process_recording /gradio_api/stream/x /gradio_api/run-history/connect
""".split()


@pytest.fixture(scope="module")
def rag(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedRag]:
    config = Config(data=tmp_path_factory.mktemp("data"))
    with Shelf.open(config, FakeEmbedder()) as shelf:
        put(shelf, "default", "trade.txt", f"Trade grows\n{GROWTH}\nNobody expected it.", POST)
        put(shelf, "default", "office.txt", f"Notes\n{DOUBT}\nThe base year is another one.", TIMES)
        put(shelf, "default", "long.txt", "Filler about nothing at all.\n" * 400, Metadata("A long report"))
        put(shelf, "Garden", "roses.txt", "Roses need water twice weekly in summer.")
        shelf.create_dossier("Uploads")
        yield ScriptedRag(shelf)


@pytest.fixture(scope="module")
def address(rag: ScriptedRag) -> Iterator[str]:
    config = Config()
    site = Site(Service(rag, config), config)
    with serving(site.app) as address:
        site.bring_page()
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def context(browser: Browser) -> BrowserContext:
    return browser.new_context(reduced_motion="reduce", viewport={"width": 1400, "height": 900})


@pytest.fixture
def visit(context: BrowserContext, address: str) -> Iterator[Visit]:
    with opened(context, address) as visit:
        yield visit
        assert visit.foreign == []
        assert visit.failures == []
        assert visit.dialogs == []


def choose(visit: Visit, dossier: str) -> None:
    visit.page.locator("#dossier input").click()
    visit.page.get_by_role("option", name=dossier).click()
    expect(visit.page.locator("#dossier-name")).to_have_text(dossier)


def in_view(visit: Visit, selector: str) -> bool:
    found: bool = visit.page.locator(selector).evaluate(
        "(e) => { const r = e.getBoundingClientRect(), m = document.elementFromPoint(r.x + 5, r.y + 5);"
        " return r.top >= 0 && r.bottom <= innerHeight && e.closest('.place').contains(m) }"
    )
    return found


def test_answer_is_streamed_with_chips_its_standing_and_its_passages(visit: Visit) -> None:
    visit.page.evaluate(
        "() => { window.seen = []; new MutationObserver(() => {"
        " const last = [...document.querySelectorAll('#chat .answer')].pop(); if (last) seen.push(last.className)"
        " }).observe(document, {childList: true, subtree: true}) }"
    )
    visit.ask("Has overall trade increased? Where do sources disagree?")
    answer = visit.page.locator("#chat .answer")
    expect(answer.locator(".statement")).to_have_text([GROWTH, DOUBT])
    expect(answer.locator(".text a.cite")).to_have_count(2)
    expect(answer.locator(".standing")).to_contain_text("✓ Proved by 2 passages from 2 documents")
    expect(answer.locator(".disagreement")).to_contain_text("26%")
    expect(answer.locator(".disagreement")).to_contain_text("Harbour Times · June 2024")
    expect(answer.locator(".warning")).to_contain_text("two years old")
    expect(visit.page.locator("#panel .passage")).to_have_count(2)
    expect(visit.page.locator("#panel .passage").first).to_contain_text("The Post · Ann Other · 17 May 2024 · page 2")
    expect(visit.page.locator("#panel .also")).to_contain_text("Trade grows after the deal")
    assert [name for name in visit.page.evaluate("seen") if "waiting" in name]
    assert [name for name in visit.page.evaluate("seen") if "writing" in name]


def test_number_leads_to_the_passage_with_its_quote_marked_and_back(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 1400, "height": 420})
    visit.ask("Has overall trade increased?")
    assert not in_view(visit, "#panel .passage:nth-of-type(2) mark")
    visit.page.locator("#chat a.cite").nth(1).focus()
    visit.page.keyboard.press("Enter")
    found = visit.page.locator("#panel .passage.found")
    expect(found.locator("mark")).to_have_text(DOUBT)
    expect(found).to_be_focused()
    assert in_view(visit, "#panel .passage.found mark")
    visit.page.keyboard.press("Escape")
    expect(visit.page.locator("#chat a.cite").nth(1)).to_be_focused()


def test_number_of_an_older_answer_brings_its_passages_back(visit: Visit) -> None:
    visit.ask("Has overall trade increased?")
    visit.ask("Nobody expected what?")
    expect(visit.page.locator("#panel .passage")).to_have_count(1)
    visit.page.locator("#chat .answer").first.locator("a.cite").nth(1).click()
    expect(visit.page.locator("#panel .passage.found mark")).to_have_text(DOUBT)


def test_title_opens_the_document_at_the_quote(visit: Visit) -> None:
    visit.ask("Nobody expected what?")
    visit.page.locator("#panel a.title").click()
    expect(visit.page.locator("#quote-mark")).to_have_text("Nobody expected it.")
    assert in_view(visit, "#quote-mark")
    assert visit.page.locator("#reading .text").inner_text() == f"Trade grows\n{GROWTH}\nNobody expected it."
    visit.page.locator("#reading .back").click()
    expect(visit.page.locator("#panel .passage")).to_have_count(1)


def test_answer_is_copied_with_its_sources(visit: Visit) -> None:
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.ask("Nobody expected what?")
    visit.page.locator("#chat a.copy").click()
    expect(visit.page.locator("#chat a.copy")).to_have_text("Copied")
    copied = visit.page.evaluate("navigator.clipboard.readText()")
    assert "Nobody expected it" in copied
    assert "The Post" in copied


def test_declined_answer_says_what_is_missing_and_shows_the_nearest_marked_as_such(visit: Visit) -> None:
    visit.ask("Who invented the zebra quantum?")
    answer = visit.page.locator("#chat .answer.declined")
    expect(answer).to_contain_text("∅ Not in these documents")
    expect(answer.locator(".missing")).to_contain_text("who or what is meant")
    expect(answer.locator(".nearest li")).to_have_count(3)
    expect(answer.locator(".nearest")).to_contain_text("which do not answer it")
    expect(visit.page.locator("#panel h2")).to_contain_text("which do not answer it")
    assert answer.evaluate("e => getComputedStyle(e).borderStyle") == "dashed"


def test_unproved_sentences_are_named_in_words(visit: Visit) -> None:
    visit.ask("Has overall trade increased, doubtful?")
    expect(visit.page.locator("#chat .standing")).to_contain_text("△ Not proved")
    expect(visit.page.locator("#chat .unproved").first).to_have_text("△ not proved")


def test_follow_up_carries_the_conversation(visit: Visit, rag: ScriptedRag) -> None:
    visit.ask("Has overall trade increased?")
    visit.ask("Nobody expected what?")
    asked_as = visit.page.locator("#chat .asked-as")
    expect(asked_as).to_have_text("Understood as: Nobody expected what? (after: Has overall trade increased?)")
    assert [turn.role for turn in rag.asked[-1].history] == ["user", "assistant"]
    visit.page.locator("#fresh").click()
    expect(visit.page.locator("#chat .question")).to_have_count(0)
    visit.ask("Nobody expected what?")
    assert rag.asked[-1].history == ()


def test_errors_are_kind_and_the_next_question_works(visit: Visit) -> None:
    for question, words in (
        ("overload please", "64 questions are waiting already.\nAsk again in 3 s."),
        ("damaged please", "cannot be trusted.\nRun: dossier restore BACKUP"),
        ("explode please", "Something went wrong inside Dossier."),
    ):
        visit.ask(question)
        expect(visit.page.locator("#chat .notice").last).to_contain_text(words, use_inner_text=True)
    assert "secret" not in visit.page.content()
    assert "Traceback" not in visit.page.content()
    visit.ask("Has overall trade increased?")
    expect(visit.page.locator("#chat .statement")).to_have_count(2)


def test_stopping_ends_the_work(visit: Visit, rag: ScriptedRag) -> None:
    visit.page.locator("#question textarea").fill("a slow question about trade")
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("#chat .reading-now")).to_contain_text("Reading Trade grows after the deal")
    visit.page.locator("#question .stop-button").click()
    expect(visit.page.locator("#chat .notice")).to_contain_text("You stopped this answer.")
    assert rag.cancelled.wait(3)
    visit.ask("Has overall trade increased?")
    expect(visit.page.locator("#chat .statement")).to_have_count(2)


def test_uploaded_files_are_shown_with_failures_and_can_be_asked(visit: Visit) -> None:
    choose(visit, "Uploads")
    expect(visit.page.locator("#chat .welcome")).to_contain_text("Drop articles")
    visit.upload(("bees.txt", b"Bees winter in tight clusters near the hive centre."), ("broken.pdf", b"%PDF-1.4 no"))
    expect(visit.page.locator("#upload-list li", has_text="bees.txt")).to_contain_text("✓ added")
    expect(visit.page.locator("#upload-list li", has_text="broken.pdf")).to_contain_text("!")
    expect(visit.page.locator("#documents .count")).to_have_text("1 document")
    visit.ask("Where do bees winter in clusters?")
    expect(visit.page.locator("#chat .statement")).to_contain_text("tight clusters")
    visit.upload(("bees.txt", b"Bees winter elsewhere in loose clusters."))
    again = visit.page.locator("#upload-list li", has_text="bees.txt")
    again.get_by_role("button", name="Replace it").click()
    expect(again).to_contain_text("↻ replaced")
    visit.page.locator("#documents a").first.click()
    expect(visit.page.locator("#reading .text")).to_contain_text("loose clusters")
    visit.page.locator("#reading a", has_text="Remove").click()
    visit.page.locator("#reading a", has_text="Remove it").click()
    expect(visit.page.locator("#documents .none")).to_be_visible()


def test_files_can_be_dropped_anywhere(visit: Visit) -> None:
    choose(visit, "Uploads")
    visit.page.evaluate(
        "() => { const t = new DataTransfer(); for (const n of ['one.txt', 'two.txt'])"
        " t.items.add(new File(['Dropped words in ' + n], n));"
        " document.body.dispatchEvent(new DragEvent('drop', {dataTransfer: t, bubbles: true, cancelable: true})) }"
    )
    expect(visit.page.locator("#upload-list .done")).to_have_count(2)
    expect(visit.page.locator("#documents li")).to_have_count(2)


def test_each_dossier_has_its_own_conversation(visit: Visit) -> None:
    visit.ask("Has overall trade increased?")
    choose(visit, "Garden")
    expect(visit.page.locator("#chat .question")).to_have_count(0)
    visit.ask("How much water do roses need?")
    expect(visit.page.locator("#chat .statement")).to_have_text(["Roses need water twice weekly in summer."])
    choose(visit, "default")
    expect(visit.page.locator("#chat .statement")).to_have_text([GROWTH, DOUBT])


def test_leaving_a_dossier_stops_its_answer_there(visit: Visit) -> None:
    visit.page.locator("#question textarea").fill("a slow question about trade")
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("#chat .reading-now")).to_contain_text("Reading")
    choose(visit, "Garden")
    expect(visit.page.locator("#chat .question")).to_have_count(0)
    visit.ask("How much water do roses need?")
    expect(visit.page.locator("#chat .question")).to_have_text(["How much water do roses need?"])
    choose(visit, "default")
    expect(visit.page.locator("#chat .notice")).to_contain_text("You stopped this answer.")


def test_new_dossier_is_made_and_a_bad_name_is_explained(visit: Visit) -> None:
    name = visit.page.locator("#new-dossier").locator("textarea, input")
    name.fill("no/slash")
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("#trouble .notice")).to_contain_text("!")
    name.fill("Fresh one")
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("#dossier-name")).to_have_text("Fresh one")
    expect(visit.page.locator("#trouble .notice")).to_have_count(0)


def test_two_pages_share_nothing(browser: Browser, address: str) -> None:
    with visiting(browser, address) as one, visiting(browser, address) as two:
        one.ask("Has overall trade increased?")
        two.ask("Nobody expected what?")
        expect(one.page.locator("#chat .question")).to_have_text(["Has overall trade increased?"])
        expect(two.page.locator("#chat .question")).to_have_text(["Nobody expected what?"])
        expect(two.page.locator("#chat .asked-as")).to_have_count(0)


@pytest.mark.parametrize(("width", "theme"), [(1400, "dark"), (820, "light"), (360, "dark")])
def test_nothing_scrolls_sideways_and_all_places_can_be_reached(
    browser: Browser, address: str, width: int, theme: str
) -> None:
    with visiting(browser, address, viewport={"width": width, "height": 800}, color_scheme=theme) as visit:
        visit.ask("Has overall trade increased? Where do sources disagree?")
        assert ("dark" in (visit.page.locator("body").get_attribute("class") or "")) == (theme == "dark")
        visit.page.locator("#chat a.cite").first.click()
        expect(visit.page.locator("#panel .found mark")).to_be_visible()
        for place in ("sources", "conversation", "passages"):
            if width < 1000:
                visit.page.locator(f".tabs a[href='#{place}']").click()
            expect(visit.page.locator(f"#{place}")).to_be_visible()
            wide = visit.page.evaluate(
                "() => [...document.querySelectorAll('.place, .place *, html, body')].filter(e =>"
                " e.scrollWidth > e.clientWidth + 1 && !['visible', 'clip'].includes(getComputedStyle(e).overflowX)"
                " && e.clientWidth > 1 && getComputedStyle(e).overflowX !== 'hidden')"
                ".map(e => e.outerHTML.slice(0, 90))"
            )
            assert wide == []
            assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_hostile_words_stay_words(visit: Visit, rag: ScriptedRag) -> None:
    for number, payload in enumerate(PAYLOADS):
        metadata = Metadata(f"{payload} title", f"{payload} publisher", f"{payload} author", "2024")
        put(rag.shelf, "Hostile", f"{number}.txt", f"{payload} every hostile marker\n\n{payload}", metadata)
    visit.page.reload()
    choose(visit, "Hostile")
    visit.ask(f"every hostile marker {PAYLOADS[1]} {PAYLOADS[3]}")
    expect(visit.page.locator("#panel .passage")).to_have_count(len(PAYLOADS))
    visit.page.locator("#chat .text a.cite").first.click()
    for number in range(len(PAYLOADS)):
        visit.page.locator("#documents li a").nth(number).click()
        expect(visit.page.locator("#reading-title")).to_have_text(f"{PAYLOADS[number]} title".replace("\n", " "))
    names = [payload.replace("/", "") + ".txt" for payload in PAYLOADS[:2]]
    visit.upload(*((name, b"harmless") for name in names))
    visit.page.wait_for_timeout(300)
    assert visit.page.evaluate("window.pwned") is None
    foreign = "script, img, iframe, form, style, link, meta, base, video, math, svg, details, custom-tag"
    assert visit.page.locator(".prose").locator(foreign).count() == 0
    ours = visit.page.locator("#chat a, #panel a, #documents a")
    links = ours.evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert [link for link in links if not re.fullmatch(r"#[\w-]+", link)] == []
    chips = visit.page.locator("#chat .text a.cite").count()
    assert chips == len(PAYLOADS)


def test_the_policy_lets_no_foreign_script_run(visit: Visit) -> None:
    policy = httpx.get(visit.address).headers["content-security-policy"]
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.partition("style-src")[0]
    visit.page.evaluate(
        "() => { const make = (tag) => document.body.appendChild(document.createElement(tag));"
        " make('script').textContent = 'window.pwned = 1'; make('img').src = 'http://evil.example/i.png';"
        " const button = make('b'); button.setAttribute('onclick', 'window.pwned = 2'); button.click() }"
    )
    visit.page.wait_for_timeout(200)
    assert visit.page.evaluate("window.pwned") is None
    assert len(visit.failures) == 3, visit.failures
    visit.failures.clear()
    visit.foreign.clear()  # the browser counts the refused picture as asked for


def test_gradio_serves_nothing_the_page_does_not_need(address: str) -> None:
    with httpx.Client(base_url=address, trust_env=False) as client:
        for path in NOT_SERVED:
            reply = client.get(path)
            assert reply.status_code == 404, path
            assert "root:" not in reply.text
        for path in NOT_ACCEPTED:
            reply = client.post(path, json={"data": [{"path": "/etc/passwd", "url": "http://evil.example"}]})
            assert reply.status_code == 404, path
