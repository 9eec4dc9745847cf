"""The command `mcp`: the tools over standard input and output, or over HTTP."""

from __future__ import annotations

import contextlib
import sys

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings

from ui.access import Gate, Rules, check_binding, keyring_of
from ui.config import Config
from ui.desk import open_desk
from ui.login import refuse
from ui.mcp.tools import tools
from ui.server import Orderly, address_of, listen

LARGEST = 1024 * 1024
AT_ONCE = 64
"""How many requests are taken at a time; the others are sent away with 503."""


def run(config: Config, *, port: int | None) -> None:
    """Serve over standard input and output until it is closed, or at `/mcp` of a port until a signal comes.

    Raises BadSettings for a foreign address without a key, AddressInUse, and what opening the data folder raises.
    """
    if port is None:
        with open_desk(config, fetch=True) as desk:
            tools(desk).run("stdio")
        return
    keyring = keyring_of(config)
    check_binding(config.host, keyring.lets_in)
    with contextlib.closing(listen(config.host, port)) as taken, open_desk(config, fetch=True) as desk:
        gated = TransportSecuritySettings(enable_dns_rebinding_protection=False)  # the gate checks hosts and origins
        app = tools(desk).streamable_http_app(
            stateless_http=True, json_response=True, max_request_body_size=LARGEST, transport_security=gated
        )
        gate = Gate(
            app, Rules.of(config.host, keyring, config.hosts, LARGEST, per_minute=config.requests_per_minute), refuse
        )
        print(f"Dossier's tools are at {address_of(taken)}/mcp", file=sys.stderr, flush=True)  # noqa: T201
        settings = uvicorn.Config(
            gate,
            log_level="warning",
            access_log=False,
            server_header=False,
            ws="none",
            proxy_headers=bool(config.hosts),
            http="h11",
            limit_concurrency=AT_ONCE,
            timeout_graceful_shutdown=1,
        )
        Orderly(settings).run([taken])
