"""Hostile documents, names and questions in the page: words stay words, and only the page is asked."""

from __future__ import annotations

import re

import httpx
import pytest
from browser import Visit
from playwright.sync_api import expect
from scripted import ScriptedRag, put

from index.records import Metadata

pytestmark = pytest.mark.browser

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
    "<scr<script>ipt>window.pwned=1</scr</script>ipt>",
    "<IMG SRC=JaVaScRiPt:window.pwned=1>",
    "<img src='x' onerror='window.pwned=1'>",
    "<body onload=window.pwned=1>",
    "<input autofocus onfocus=window.pwned=1>",
    '<a href="data:text/html,<script>window.pwned=1</script>">x</a>',
    "[x](data:text/html;base64,PHNjcmlwdD53aW5kb3cucHduZWQ9MTwvc2NyaXB0Pg==)",
    "<http://evil.example/autolink>",
    "http://evil.example/bare.png",
    "[![badge](http://evil.example/b.svg)](http://evil.example)",
    "<object data=http://evil.example/o></object><embed src=http://evil.example/em>",
    "<audio src=http://evil.example/a.mp3 autoplay></audio>",
    "<picture><source srcset=http://evil.example/ss><img></picture>",
    "<table background=http://evil.example/bg><tr><td>x</td></tr></table>",
    "<p style=\"background-image:url('http://evil.example/st')\">x</p>",
    "<svg><style>@import 'http://evil.example/imp';</style></svg>",
    "<svg><a xlink:href='javascript:window.pwned=1'><text>x</text></a></svg>",
    "<svg><foreignObject><iframe src=http://evil.example/fo></iframe></foreignObject></svg>",
    "<svg class=picture><use href='http://evil.example/u.svg#x'></use></svg>",
    "<template><img src=http://evil.example/t></template>",
    '<noscript><p title="</noscript><img src=x onerror=window.pwned=1>">',
    "<textarea></textarea><img src=http://evil.example/ta>",
    "<title></title><script>window.pwned=1</script>",
    "<!--><img src=x onerror=window.pwned=1>-->",
    "<![CDATA[<img src=http://evil.example/cd>]]>",
    "$\\unicode{<img src=x onerror=window.pwned=1>}$ \\(\\href{javascript:1}{x}\\)",
    "```html\n<script>window.pwned=1</script>\n```",
    "~~~\n</code></pre><img src=http://evil.example/pre>\n~~~",
    "<portal src=http://evil.example/p></portal><marquee onstart=window.pwned=1>x</marquee>",
    "<dialog open><form method=dialog><button formaction=javascript:window.pwned=1>x</button></form></dialog>",
    "\u202e<img src=http://evil.example/rtl>\u202c",
    "&#60;img src=http://evil.example/ent&#62; &lt;script&gt;window.pwned=1&lt;/script&gt;",
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


def test_hostile_words_stay_words(visit: Visit, rag: ScriptedRag) -> None:
    assert len(PAYLOADS) == 50
    for number, payload in enumerate(PAYLOADS):
        metadata = Metadata(f"{payload} title", f"{payload} publisher", f"{payload} author", "2024")
        put(rag.shelf, "Hostile", f"{number}.txt", f"{payload} every hostile marker\n\n{payload}", metadata)
    visit.page.reload()
    visit.choose("Hostile")
    visit.ask(f"every hostile marker {PAYLOADS[1]} {PAYLOADS[3]}")
    expect(visit.page.locator("#reader .passage")).to_have_count(len(PAYLOADS))
    visit.page.locator("#chat .text a.cite").first.hover()
    expect(visit.page.locator("#card-shown")).to_be_visible()
    visit.page.locator("#chat .text a.cite").first.click()
    expect(visit.page.locator("#quote-mark")).to_be_visible()
    for number in range(0, len(PAYLOADS), 7):
        visit.page.locator("#documents li > a").nth(number).click()
        title = f"{PAYLOADS[len(PAYLOADS) - 1 - number]} title".replace("\n", " ")
        expect(visit.page.locator("#reading-title")).to_have_text(re.sub("[\u202a-\u202e]", "", title))
    for kind in ("timeline", "map"):
        if not visit.page.locator(f"#reader a[href^='#{kind}']").count():
            visit.page.locator("#reader .back").click()
        visit.page.locator(f"#reader a[href^='#{kind}']").click()
        expect(visit.page.locator("#reader svg.picture a").first).to_be_visible()
    visit.page.locator("#kept-half-tab").click()
    expect(visit.page.locator("#kept .kept").first).to_contain_text("every hostile marker")
    visit.page.locator("#documents-half-tab").click()
    visit.upload(*((payload.replace("/", "") + ".txt", b"harmless") for payload in PAYLOADS[:2]))
    visit.page.wait_for_timeout(300)
    assert visit.page.evaluate("window.pwned") is None
    foreign = "script, iframe, style:not(svg.picture style), link, meta, base, video, math, object, embed, custom-tag"
    assert visit.page.locator(".prose").locator(foreign).count() == 0
    assert visit.page.locator(".prose img:not([src^='/v1/'])").count() == 0
    ours = visit.page.locator("#chat a, #reader a, #sources a")
    links = ours.evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert [link for link in links if not re.fullmatch(r"#[\w-]+|/v1/[\w/?=.&-]+", link or "")] == []
    assert visit.page.locator("#chat .text a.cite").count() == len(PAYLOADS)


def test_the_second_wall_lets_only_our_own_elements_through(visit: Visit) -> None:
    left = visit.page.evaluate(
        "async (all) => { const { cleaned } = await import('/page/dom.js');"
        " const box = document.createElement('div'); for (const one of all) box.append(cleaned(one));"
        " document.body.append(box); const told = (e) => [...e.attributes].filter(a => a.name !== 'title')"
        ".map(a => a.name + '=' + a.value); return [...box.querySelectorAll('*')]"
        ".map(e => [e.localName, ...told(e)].join(' ')) }",
        list(PAYLOADS),
    )
    assert left
    bad = (
        r"evil\.example|javascript:|data:| on\w+=|^(?:script|iframe|form|link|video|object|embed|base|meta|math|dialog)"
    )
    assert [one for one in left if re.search(bad, one, re.IGNORECASE)] == []
    visit.page.wait_for_timeout(200)
    assert visit.page.evaluate("window.pwned") is None
    visit.failures.clear()  # the browser tells of each handler that it has not let in


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
            assert reply.status_code in (404, 405), path
