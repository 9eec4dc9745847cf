"""The composer of the user's side: one process that serves the HTTP interface and the page."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import version
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from index.errors import AddressInUse
from ui.access import Gate, Rules, check_binding, keyring_of
from ui.api.compose import OWN_PATHS, create_api
from ui.conversations import forget_daily
from ui.login import login, refuse
from ui.logs import set_up
from ui.metrics import metrics_route
from ui.owner import Owners
from ui.service import Asker, Service
from ui.traces import traces_to

if TYPE_CHECKING:
    from ui.config import Config

__all__ = ["Front", "Service", "Site", "listen", "serve"]

LOG = logging.getLogger("dossier")
PATIENCE = 4.5
"""Seconds after which a stopping server waits for nobody any more."""
FILES_AT_ONCE = 4
"""How many files of the largest allowed size one upload may hold."""
STARTING = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Dossier</title>
<meta name="viewport" content="width=device-width, initial-scale=1">{reload}
<style>body{{font:16px/1.5 system-ui,sans-serif;min-height:90vh;display:grid;place-items:center;text-align:center}}
@media(prefers-color-scheme:dark){{body{{background:#14171f;color:#e8e6df}}a{{color:#9db8ff}}}}</style></head>
<body><main role="status"><h1>Dossier</h1><p>{message}</p>
<p><a href="docs">The HTTP interface</a></p></main></body></html>
"""


class Front:
    """Sends each request to the interface or to the page, which may be there later or not at all."""

    def __init__(self, api: ASGIApp) -> None:
        self.api = api
        self.page: ASGIApp = _starting("The page is starting.", reload=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        ours = scope["type"] == "lifespan" or scope["path"].startswith(OWN_PATHS)
        await (self.api if ours else self.page)(scope, receive, send)


class Site:
    """The whole application over a service: the gate, the interface, and the page once it is imported."""

    def __init__(self, service: Service, config: Config) -> None:
        self.service = service
        self.config = config
        keyring = keyring_of(config)
        largest = FILES_AT_ONCE * config.max_file_mb * 2**20
        rules = Rules.of(
            config.host, keyring, config.hosts, largest, per_minute=config.requests_per_minute, prefix=config.path
        )
        api = create_api(service, version("dossier"))
        api.include_router(login(keyring))
        api.include_router(metrics_route(service.watch.metrics))
        self.front = Front(api)
        self.app: ASGIApp = Gate(Owners(self.front), rules, refuse, service.watch.entered, service.watch.left)

    def bring_page(self) -> None:
        """Import the page, which takes seconds, and show it from then on."""
        if not self.config.page:
            self.front.page = _starting("This server has no page.", reload=False)
            return
        try:
            from ui.page import mount  # Gradio takes seconds to import

            app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
            mount(app, self.service, self.config)
            self.front.page = app
        except Exception:
            LOG.exception("The page could not start; the interface works without it.")
            self.front.page = _starting("The page could not start; the server's log says why.", reload=False)


class Orderly(uvicorn.Server):
    """A uvicorn that takes the signals and keeps them, so that what it serves is closed in order after it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals, and give them back without raising them again."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class Server(Orderly):
    """A uvicorn that says when it answers, and ends within seconds of being asked to."""

    def __init__(self, site: Site, announce: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                site.app,
                log_config=None,
                access_log=False,
                server_header=False,
                ws="none",
                proxy_headers=bool(site.config.hosts),  # else nobody may say that he comes from elsewhere
                http="h11",  # the other parser reads headers of any size
                timeout_graceful_shutdown=1,
                timeout_keep_alive=30,
            )
        )
        self.site = site
        self.announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, tell it, then bring the page."""
        await super().startup(sockets)
        self.announce()
        threading.Thread(target=self.site.bring_page, name="page", daemon=True).start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; whoever asks twice, or waits too long, gets the end at once: what was acknowledged is durable."""
        if self.should_exit:
            os._exit(1)
        self.should_exit = True
        self.site.service.stop()
        deadline = threading.Timer(PATIENCE, os._exit, (0,))
        deadline.daemon = True
        deadline.start()


def listen(host: str, port: int) -> socket.socket:
    """Take the port. Raises AddressInUse."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host.strip("[]"), port))
        taken.listen()  # whoever comes while the data folder is opened waits instead of being turned away
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRINUSE:
            hint = f"Stop the program that listens there, or take another port: dossier serve --port {port + 1}"
            raise AddressInUse(f"The port {port} of {host} is taken.", hint) from None
        hint = "Give an address of this machine, such as --host 127.0.0.1, and a port that you may use."
        raise AddressInUse(f"Listening on {host}:{port} is not possible: {error.strerror or error}.", hint) from None
    return taken


def address_of(taken: socket.socket) -> str:
    """Give the address to open in a browser on this machine."""
    host, port = taken.getsockname()[:2]
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{reachable}:{port}"


def serve(
    config: Config,
    open_rag: Callable[[Config, str], Asker],
    announce: Callable[[str, Service], None],
) -> None:
    """Listen, open the data folder, and serve until a signal comes.

    Raises BadSettings for a foreign address without a key, AddressInUse, and what opening the data folder raises.
    """
    check_binding(config.host, keyring_of(config).lets_in)
    secrets = [config.key.get_secret_value()] if config.key else []
    set_up(config.log, secrets, contents=config.log_contents)
    traces = traces_to(config.traces)
    with contextlib.closing(listen(config.host, config.port)) as taken:
        address = address_of(taken)
        service = Service(open_rag(config, address), config, contents=config.log_contents, traces=traces)
        service.shelf.tell_handled(traces.handled)
        stopped = threading.Event()
        if config.history_days:
            threading.Thread(target=forget_daily, args=(service.shelf, stopped), name="history", daemon=True).start()
        try:
            Server(Site(service, config), lambda: announce(address, service)).run([taken])
        finally:
            stopped.set()
            service.close()


def _starting(message: str, *, reload: bool) -> ASGIApp:
    again = '<meta http-equiv="refresh" content="1">' if reload else ""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        status = 200 if scope["path"] == "/" else 503
        page = STARTING.format(message=message, reload=again)
        await HTMLResponse(page, status, {"cache-control": "no-store"})(scope, receive, send)

    return answer
