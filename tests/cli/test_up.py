"""`rollbook up` as a process: it starts, answers, and ends in order."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rollbook.cli.main import app as program

PATIENCE = 60.0  # seconds; a busy machine may be slow
posix = pytest.mark.skipif(os.name == "nt", reason="Windows ends processes without a signal")

# Refuses every connection that leaves the machine, and looking up any name but its own.
NO_NETWORK = """
import socket
here = ("127.", "::1", "localhost", "0.0.0.0", "::")
def allowed(address):
    return not isinstance(address, tuple) or str(address[0]).startswith(here)
for name in ("connect", "connect_ex"):
    def guarded(self, address, *, _real=getattr(socket.socket, name)):
        assert allowed(address), f"a connection to {address}"
        return _real(self, address)
    setattr(socket.socket, name, guarded)
real = socket.getaddrinfo
def looked_up(host, *rest, **more):
    flags = more.get("flags", 0)
    local = host is None or flags & socket.AI_NUMERICHOST or str(host).startswith(here)
    assert local, f"a look-up of {host}"
    return real(host, *rest, **more)
socket.getaddrinfo = looked_up
"""


def free_port() -> int:
    """Return a port that is free, with a free one after it."""
    while True:
        with contextlib.ExitStack() as held:
            first = held.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            second = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                second.bind(("127.0.0.1", port + 1))
                return port


class Server:
    """One running `rollbook up`."""

    def __init__(self, home: Path, *options: str, prelude: str = "") -> None:
        self.port = free_port()
        self.home = home
        self.said = home.parent / f"said-{self.port}.txt"
        code = f"{prelude}\nfrom rollbook.cli.main import main\nmain()"
        words = ["--home", str(home), "up", "--no-open", "--port", str(self.port), *options]
        with self.said.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code, *words], stdout=output, stderr=subprocess.STDOUT
            )

    @property
    def output(self) -> str:
        return self.said.read_text(encoding="utf-8")

    def ready(self) -> Server:
        until = time.monotonic() + PATIENCE
        while "Rollbook is ready" not in self.output:
            assert self.process.poll() is None, self.output
            assert time.monotonic() < until, self.output
            time.sleep(0.05)
        return self

    def get(
        self, path: str, *, scheme: str = "http", port: int = 0, cafile: Path | None = None
    ) -> tuple[int, bytes]:
        url = f"{scheme}://localhost:{port or self.port}{path}"
        context = ssl.create_default_context(cafile=cafile) if cafile else None
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if context is not None:
            handlers.append(urllib.request.HTTPSHandler(context=context))
        try:
            with urllib.request.build_opener(*handlers).open(url, timeout=PATIENCE) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def wait_until_deaf(self) -> None:
        """Return once it takes no connection any more."""
        until = time.monotonic() + PATIENCE
        with contextlib.suppress(ConnectionRefusedError):
            while time.monotonic() < until:
                socket.create_connection(("127.0.0.1", self.port)).close()
                time.sleep(0.02)
            pytest.fail("it goes on listening")

    def end(self, kind: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(kind)
        return self.process.wait(PATIENCE)


Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[Server] = []

    def begin(home: Path, *options: str, prelude: str = "") -> Server:
        running.append(Server(home, *options, prelude=prelude))
        return running[-1]

    yield begin
    for server in running:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


@posix
def test_it_answers_and_ends_at_a_signal_and_reaches_no_network(book: Path, start: Start) -> None:
    server = start(book, prelude=NO_NETWORK).ready()
    assert server.get("/healthz") == (200, b'{"status":"ok"}\n')
    assert f"http://127.0.0.1:{server.port}" in server.output
    code = re.search(r"works once: ([A-Z0-9-]+)", server.output)
    assert code is not None
    with socket.create_connection(("127.0.0.1", server.port)) as hanging:
        hanging.sendall(b"GET /healthz HTTP/1.1\r\n")  # a request that never ends
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        server.wait_until_deaf()
        assert server.end() == 0  # told twice, as where a whole group of processes is ended
    assert time.monotonic() - began < 30  # a few seconds, on a machine that has nothing else to do
    assert server.output.rstrip().endswith("Rollbook has ended.")
    assert "Traceback" not in server.output
    log = (book / "logs" / "rollbook.log").read_text(encoding="utf-8")
    assert "Traceback" not in log and code[1] not in log


@posix
@pytest.mark.slow
def test_the_first_start_makes_everything_and_the_second_finds_it(
    new_home: Path, start: Start
) -> None:
    first = start(new_home).ready()
    assert "Made database and keys" in first.output
    again = run(new_home, "--port", str(first.port))
    assert again.returncode == 1
    assert f"Rollbook runs already: http://127.0.0.1:{first.port}." in again.stderr
    assert first.end(signal.SIGINT) == 0
    second = start(new_home).ready()
    assert "Made database" not in second.output
    assert second.get("/healthz")[0] == 200
    assert second.end() == 0


@posix
@pytest.mark.slow
def test_on_the_network_there_is_only_https_beside_the_door_for_new_devices(
    book: Path, start: Start
) -> None:
    server = start(book, "--lan", prelude=NO_NETWORK).ready()
    trusted, door = book / "keys" / "lan-ca.crt", server.port + 1
    assert server.get("/healthz", scheme="https", cafile=trusted)[0] == 200
    assert f":{door}/trust" in server.output
    status, page = server.get("/trust", port=door)
    assert status == 200 and b"<svg" in page
    assert server.get("/trust/rollbook-ca.crt", port=door)[0] == 200
    assert b"com.apple.security.root" in server.get("/trust/rollbook.mobileconfig", port=door)[1]
    with pytest.raises(urllib.error.URLError):  # led to HTTPS, which this browser does not trust
        server.get("/healthz", port=door)
    assert server.end() == 0


def run(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rollbook", "--home", str(home), "up", "--no-open", *options],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--cert", "a.pem"), 1, "belong together"),
        (("--lan", "--cert", "a.pem", "--key", "b.pem"), 1, "leave it out"),
        (("--trust-port", "9000"), 1, "belongs to --lan"),
        (("--host", "203.0.113.77"), 1, "has no address"),
        (("--port", "0"), 2, "--port"),
    ],
)
def test_options_that_do_not_fit_are_told_in_a_sentence(
    tmp_path: Path, options: tuple[str, ...], code: int, said: str
) -> None:
    words = ["--home", str(tmp_path / "home"), "up", "--no-open", *options]
    done = CliRunner().invoke(program, words)
    assert (done.exit_code, said in done.stderr) == (code, True), done.output
    assert not (tmp_path / "home").exists(), "nothing is made before all is known to fit"


def test_a_port_that_another_program_uses_is_told(book: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        words = ["--home", str(book), "up", "--no-open", "--port", str(port)]
        done = CliRunner().invoke(program, words)
    assert done.exit_code == 1 and f"Port {port} is taken" in done.stderr


def test_wrong_certificate_files_are_told_in_a_sentence(book: Path) -> None:
    text = book / "text.pem"
    shutil.copy(book / "keys" / "site.key", text)
    port = ("--port", str(free_port()), "--host", "127.0.0.1")
    done = run(book, *port, "--cert", str(text), "--key", str(text))
    assert done.returncode == 1
    assert "no certificate in PEM form" in done.stderr and "Traceback" not in done.stderr
