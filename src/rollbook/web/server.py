"""One server process: pages by HTTP or HTTPS, and beside it the door for devices to come."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from rollbook.bootstrap import App
from rollbook.errors import ConfigurationError, places_of
from rollbook.network.certificates import CertificateFiles
from rollbook.web.asgi import create_asgi
from rollbook.web.parts import WebOptions
from rollbook.web.trust.door import trust_door
from rollbook.worker.clock import DueClock
from rollbook.worker.sending import SendingLoop

log = logging.getLogger(__name__)

GRACE = 3  # seconds that open streams may take when the server ends
RENEWAL = 3600  # seconds between two looks whether names or certificate changed
TAKEN = {errno.EADDRINUSE, errno.EACCES, 10013, 10048}  # the last two are Windows'

AsgiApp = Callable[..., Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """Where a server listens, and how."""

    hosts: tuple[str, ...]  # addresses to listen on: 127.0.0.1, or 0.0.0.0 and ::
    port: int
    options: WebOptions
    certificate: CertificateFiles | None = None
    renew: Callable[[], CertificateFiles] | None = None  # of an own authority
    trust_port: int | None = None
    behind_proxy: bool = False


def listen(hosts: tuple[str, ...], port: int) -> list[socket.socket]:
    """Return sockets that listen; an address that this machine does not have is left out.

    Raises:
        ConfigurationError: the port is taken, or none of the addresses can be listened on.
    """
    sockets: list[socket.socket] = []
    try:
        for host in hosts:
            bound = _bound(host, port if not sockets else sockets[0].getsockname()[1])
            if bound is not None:
                sockets.append(bound)
    except ConfigurationError:
        _close(sockets)
        raise
    if not sockets:
        raise ConfigurationError(
            f"This machine has no address {hosts[0]}. Start without --host, or with one it has."
        )
    return sockets


def _bound(host: str, port: int) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        made = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        return None  # no IPv6 here
    try:
        if os.name == "nt":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((host, port))
        made.listen(128)
    except OSError as error:
        made.close()
        if error.errno in TAKEN:
            raise _taken(port, error) from error
        return None
    return made


def _taken(port: int, error: OSError) -> ConfigurationError:
    if error.errno == errno.EACCES and port < 1024:
        return ConfigurationError(
            f"Only the system's administrator may use port {port}. Choose one from 1024 on, for "
            "example: rollbook up --port 8000"
        )
    return ConfigurationError(
        f"Port {port} is taken: Rollbook runs already, or another program uses it. End that one, "
        f"or choose another port: rollbook up --port {port + 10}"
    )


def serve(
    app: App,
    plan: ServerPlan,
    sockets: list[socket.socket],
    trust_sockets: list[socket.socket],
    *,
    stop: Callable[[], bool],
    started: Callable[[], None],
) -> None:
    """Serve until `stop`; `started` is called once everything answers.

    Due work is done, messages are sent and cameras run meanwhile; what they counted is written.
    """
    try:
        with app.tallies.kept(), due_work(app), sending(app), running_cameras(app):
            pages = create_asgi(app, plan.options)
            main = _Server(_config(pages, plan), stop)
            servers = [(main, sockets)]
            if trust_sockets and plan.certificate is not None:
                door = trust_door(pages, plan.options, plan.port)
                servers.append((_Server(_plain(door), stop), trust_sockets))
            with asyncio.Runner(loop_factory=main.config.get_loop_factory()) as runner:
                runner.run(_serve_all(servers, started))
    finally:
        _close([*sockets, *trust_sockets])
        if "engines" in app.__dict__:
            app.engines.close()
        app.database.close()


def serve_alone(
    pages: AsgiApp,
    sockets: list[socket.socket],
    *,
    stop: Callable[[], bool],
    started: Callable[[], None],
) -> None:
    """Serve one application and nothing beside it until `stop`."""
    config = uvicorn.Config(
        pages, **_common(), lifespan="on", proxy_headers=False, log_level="warning"
    )
    server = _Server(config, stop)
    try:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(_serve_all([(server, sockets)], started))
    finally:
        _close(sockets)


@contextmanager
def running_cameras(app: App) -> Iterator[None]:
    """Let the site's cameras run with their sessions while the block runs."""
    app.camera_watch.start()
    try:
        yield
    finally:
        app.camera_watch.stop()


@contextmanager
def due_work(app: App) -> Iterator[None]:
    """Do what falls due, such as opening and closing sessions, while the block runs."""

    def look() -> None:
        app.forget_erased()
        app.due.run_due()

    clock = DueClock(look)
    clock.start()
    try:
        yield
    finally:
        clock.stop()


@contextmanager
def sending(app: App) -> Iterator[None]:
    """Send messages while the block runs."""
    loop = SendingLoop(lambda over: app.outbox.run(over))
    loop.start()
    try:
        yield
    finally:
        loop.stop()


class _Server(uvicorn.Server):
    """Ends when it is asked to, without taking signals from those who handle them."""

    def __init__(self, config: uvicorn.Config, stop: Callable[[], bool]) -> None:
        super().__init__(config)
        self._stop = stop

    async def on_tick(self, counter: int) -> bool:
        return self._stop() or await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:  # type: ignore[override]
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # streams that are still open are cut off, also after this; that is no fault to be told
        logging.getLogger("uvicorn.error").disabled = True
        await super().shutdown(sockets)


async def _serve_all(
    servers: list[tuple[_Server, list[socket.socket]]], started: Callable[[], None]
) -> None:
    async def tell() -> None:
        while not all(server.started for server, _ in servers):
            await asyncio.sleep(0.02)
        await asyncio.to_thread(started)

    logging.getLogger("uvicorn.error").disabled = False
    telling = asyncio.create_task(tell())
    try:
        await asyncio.gather(*(server.serve(sockets) for server, sockets in servers))
    finally:
        telling.cancel()


def _config(pages: AsgiApp, plan: ServerPlan) -> uvicorn.Config:
    files = plan.certificate
    config = uvicorn.Config(
        pages,
        **_common(),
        lifespan="on",
        proxy_headers=plan.behind_proxy,
        forwarded_allow_ips="127.0.0.1" if plan.behind_proxy else "",
        ssl_certfile=files.certificate if files else None,
        ssl_keyfile=files.key if files else None,
        timeout_notify=RENEWAL,
    )
    if plan.renew is not None and files is not None:
        config.callback_notify = _renewal(config, plan.renew, files)
    return config


def _plain(door: AsgiApp) -> uvicorn.Config:
    return uvicorn.Config(door, **_common(), lifespan="off", proxy_headers=False)


def _common() -> dict[str, Any]:
    return {
        "log_config": None,
        "access_log": False,  # addresses hold ids, and who looks at what is in the register
        "server_header": False,
        "timeout_graceful_shutdown": GRACE,
        "h11_max_incomplete_event_size": 64 * 1024,
    }


def _renewal(
    config: uvicorn.Config, renew: Callable[[], CertificateFiles], files: CertificateFiles
) -> Callable[[], Awaitable[None]]:
    """Return what takes over a new certificate while the server runs."""
    known = files

    async def look() -> None:
        nonlocal known
        try:
            found = await asyncio.to_thread(renew)
        except Exception as error:  # the server goes on with the certificate that it has
            why = places_of(error)
            log.error("the certificate could not be looked at; it stays as it is", exc_info=why)
            return
        if found != known and config.ssl is not None:
            config.ssl.load_cert_chain(found.certificate, found.key)
            known = found
            log.warning("a new certificate is used; names that are new need a restart")

    return look


def _close(sockets: list[socket.socket]) -> None:
    for one in sockets:
        one.close()


def has_desktop() -> bool:
    """Return whether a browser that is opened here would be seen by somebody."""
    if sys.platform in {"win32", "darwin"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
