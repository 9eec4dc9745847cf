"""The chat page, made with Gradio and mounted in the server's application. Importing this takes seconds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.routing import Mount, Route

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # Gradio reads it while it is imported
os.environ["GRADIO_RUN_HISTORY"] = "False"

import gradio as gr
from gradio.routes import App

from ui.api.errors import catch_all
from ui.page.application import PageApplication
from ui.page.page import Page
from ui.page.rooms import routers

if TYPE_CHECKING:
    from ui.config import Config
    from ui.service import Service

SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def mount(app: FastAPI, service: Service, config: Config) -> None:
    """Serve the page at `/` beside the application's own routes; works while the application is serving."""
    shell = FastAPI()
    page = Page(service)
    blocks = page.blocks
    blocks.has_launched = True  # mounted pages are not, and Gradio lets those name any file of this machine as a value
    gr.mount_gradio_app(
        shell,
        blocks,
        path="/",
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        max_file_size=0,
        allowed_paths=[],
        theme=gr.themes.Base(font=list(SANS), font_mono=list(MONO)),
    )
    mounted = next(route.app for route in shell.routes if isinstance(route, Mount) and isinstance(route.app, App))
    catch_all(app)
    for router in routers(service):
        app.include_router(router)
    others = [route for route in app.router.routes if not (isinstance(route, Route) and route.path == "/")]
    app.router.routes = [*others, Mount("/", PageApplication(mounted, page.opening, page.settings))]
