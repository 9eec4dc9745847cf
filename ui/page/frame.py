"""The page's own frame, there before Gradio: header, sources, question and reader around Gradio's conversation."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from ui.page import texts
from ui.page.markup import escape

PLACES = ("sources", "conversation", "reader")
_MOUNT = re.compile(r"<gradio-app\b[^>]*>\s*</gradio-app>")
"""Where Gradio builds its part; the page it serves has nothing else to see."""
_EARLY = """<script>
try {
  const chosen = localStorage.getItem("dossier-theme");
  const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.body.classList.toggle("dark", dark);
  document.documentElement.style.fontSize = (Number(localStorage.getItem("dossier-size")) || 100) + "%";
} catch {}
</script>"""
"""What must be decided before anything is painted."""


def framed(t: texts.Texts, page: str) -> str:
    """Put the frame around the place where Gradio builds its part."""
    rooms = {
        "sources": '<div id="sources-room" class="prose"></div>',
        "conversation": (
            '<gradio-app control_page_title="true" embed="false" eager="true"></gradio-app>'
            f'<div id="early" class="prose" role="status"><p>{t.loading}<span class="dots"></span></p></div>'
            '<div id="suggestions" class="prose"></div><form id="question"></form><div id="below" class="prose"></div>'
        ),
        "reader": '<div id="reader-room" class="prose"></div>',
    }
    places = "".join(
        f'<div id="{name}" class="place" role="region" aria-label="{escape(getattr(t, name))}">{rooms[name]}</div>'
        for name in PLACES
    )
    frame = (
        f'{_EARLY}<div id="frame" class="dossier"><div id="header" class="prose"></div>'
        f'<div id="places">{places}</div></div>'
    )
    return _MOUNT.sub(lambda _: frame, page, count=1)


def head(t: texts.Texts, folder: str, scripts: tuple[str, ...], told: Mapping[str, str]) -> str:
    """Give our part of the page's head, before Gradio's; the script finds the page's words and what it is told there.

    `folder` is the address of our assets.
    """
    ours = "".join(f'<link rel="modulepreload" href="{folder}/{name}.js">' for name in scripts)
    told = {"dossier-texts": t.to_json(), **told}
    named = "".join(f'<meta name="{name}" content="{html.escape(one, quote=True)}">' for name, one in told.items())
    return (
        f'<title>{texts.NAME}</title><link rel="icon" href="{folder}/icon.svg" type="image/svg+xml">'
        f'<link rel="stylesheet" href="{folder}/page.css">{ours}'
        f'{named}<script type="module" src="{folder}/main.js"></script>'
    )
