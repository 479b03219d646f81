"""`rollbook up`: the web application, with cameras and due work, in one process."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rollbook.cli import common
from rollbook.errors import InvalidInput, RegisterTampered, RollbookError
from rollbook.settings import Settings, load_settings

if TYPE_CHECKING:
    from rollbook.bootstrap import App
    from rollbook.network.certificates import CertificateFiles
    from rollbook.network.names import MachineNames
    from rollbook.web.server import ServerPlan

HERE = ("127.0.0.1",)
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - asked for by --lan, and only by HTTPS
SOON = timedelta(days=14)
LOCAL = ("127.0.0.1", "localhost", "[::1]")


def up(
    port: Annotated[int, typer.Option("--port", min=1, max=65_534)] = 8000,
    lan: Annotated[
        bool, typer.Option("--lan", help="HTTPS for the local network, with an own authority.")
    ] = False,
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on; by default this machine.")
    ] = None,
    cert: Annotated[
        Path | None, typer.Option("--cert", help="Certificate (PEM, whole chain) for HTTPS.")
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", help="Its key (PEM, no password).")] = None,
    trust_port: Annotated[
        int | None,
        typer.Option("--trust-port", min=1, max=65_535, help="With --lan; by default port + 1."),
    ] = None,
    open_browser: Annotated[
        bool | None, typer.Option("--open/--no-open", help="Open the browser, or never.")
    ] = None,
) -> None:
    """Start the web application; Ctrl-C ends it. The first start sets everything up."""
    from rollbook.cli.journal import write_journal
    from rollbook.cli.one_server import own_home, running_at, runs_already
    from rollbook.web.server import listen, serve

    settings = load_settings(common.chosen_home())
    reach = Reach(port, lan, host, cert, key, trust_port)
    reach.refuse_contradictions()
    if (address := running_at(settings.home)) is not None:
        raise runs_already(address)
    sockets = listen(reach.listen_on, port)
    doors = listen(reach.listen_on, reach.door_port) if lan else []
    address = reach.address_here
    with own_home(settings.home, address), common.ended_in_order() as asked:
        app = ready(settings)
        write_journal(settings.home / "logs")
        plan = reach.plan(app)
        tell = partial(_tell, app, plan, address, open_browser)
        serve(app, plan, sockets, doors, stop=asked, started=tell)
    common.say("Rollbook has ended.")


@dataclass(frozen=True, slots=True)
class Reach:
    """How the application is to be reached, as it was typed."""

    port: int
    lan: bool
    host: str | None
    cert: Path | None
    key: Path | None
    trust_port: int | None

    @property
    def door_port(self) -> int:
        return self.trust_port or self.port + 1

    @property
    def listen_on(self) -> tuple[str, ...]:
        if self.host is not None:
            return (self.host.strip("[]"),)
        return EVERYWHERE if self.lan or self.cert else HERE

    @property
    def address_here(self) -> str:
        """Return what a browser on this machine opens."""
        scheme = "https" if self.lan or self.cert else "http"
        host = HERE[0] if self.host is None and scheme == "http" else "localhost"
        return f"{scheme}://{host}:{self.port}"

    def refuse_contradictions(self) -> None:
        """Raises InvalidInput when the options do not fit together."""
        if (self.cert is None) != (self.key is None):
            raise InvalidInput("--cert and --key belong together: give both files, or neither.")
        if self.lan and self.cert is not None:
            raise InvalidInput(
                "--lan makes a certificate of its own; leave it out when --cert gives one."
            )
        if self.trust_port is not None and not self.lan:
            raise InvalidInput("--trust-port belongs to --lan.")
        if self.lan and self.door_port == self.port:
            raise InvalidInput("--trust-port must be another one than --port.")

    def plan(self, app: App) -> ServerPlan:
        """Return where and how to serve.

        Raises:
            ConfigurationError: the certificate cannot be used.
        """
        from rollbook.network.names import machine_names
        from rollbook.web.parts import WebOptions
        from rollbook.web.server import ServerPlan

        settings, machine = app.settings, machine_names()
        renew = self._certificate(app)
        files = renew() if renew is not None else None
        proxy = settings.behind_proxy
        options = WebOptions(
            secure=files is not None or proxy,
            hsts=self.cert is not None,
            hosts=self._hosts(files, machine, settings),
            address=self._address(files, machine),
            trust_address=f"http://{machine.best}:{self.door_port}/trust" if self.lan else "",
        )
        return ServerPlan(
            self.listen_on,
            self.port,
            options,
            files,
            renew if self.lan else None,
            self.door_port if self.lan else None,
            proxy,
        )

    def _certificate(self, app: App) -> Callable[[], CertificateFiles] | None:
        from rollbook.network.certificates import machine_certificate
        from rollbook.network.given import given_certificate
        from rollbook.network.names import machine_names

        if self.cert is not None and self.key is not None:
            return partial(given_certificate, self.cert, self.key, app.clock.now())
        if self.lan:
            keys = app.settings.keys_dir
            return lambda: machine_certificate(keys, machine_names(), app.clock.now())
        return None

    def _hosts(
        self, files: CertificateFiles | None, machine: MachineNames, settings: Settings
    ) -> tuple[str, ...]:
        """Return the names that a browser may use: those of what is listened on."""
        names: tuple[str, ...] = LOCAL
        if files is not None:
            names += tuple(name for name in files.hosts if "*" not in name)
        if self.listen_on != HERE:
            names += machine.hosts
        return tuple(dict.fromkeys((*names, *settings.host_names)))

    def _address(self, files: CertificateFiles | None, machine: MachineNames) -> str:
        if files is None:
            return f"http://{HERE[0] if self.listen_on == HERE else machine.best}:{self.port}"
        given = files.hosts if self.cert is not None else ()
        host = next((name for name in given if "*" not in name), machine.best)
        return f"https://{host}:{self.port}"


def ready(settings: Settings) -> App:
    """Return the installation; make it, and prepare the networks, when there is none."""
    from rollbook.bootstrap import build, build_engine
    from rollbook.errors import NotFound

    try:
        app = build(settings)
    except NotFound:
        app = build(settings, create=True)
    else:
        common.warn_of_register(app)
        _note_rows(app)
        _mend_erased(app)
        return app
    common.say(f"Made database and keys in {settings.home}")
    common.say(common.NEW_KEY)
    common.say("Preparing the networks, once.")
    build_engine(settings)
    _note_rows(app, new=True)
    return app


def _mend_erased(app: App) -> None:
    """Put people on the list of the erased who are missing there, and say so."""
    from rollbook.services.erasure_list import MENDED

    try:
        count = app.erased_list.mend()
    except RollbookError as error:
        common.warn(str(error))
        return
    if count:
        common.warn(MENDED % {"count": count})


def _note_rows(app: App, *, new: bool = False) -> None:
    """Let the register know what accounts, settings and groups are like, once."""
    try:
        noted = app.register.note_rows()
    except RegisterTampered:
        return  # said above; nothing can be appended
    if noted and not new:
        common.say(
            "Accounts, settings and groups were noted in the register as they were found. From "
            "now on rollbook verify finds what is changed in them outside of Rollbook."
        )


def _tell(app: App, plan: ServerPlan, here: str, open_browser: bool | None) -> None:
    """Say where the application is, once it answers, and open it where somebody would see it."""
    from rollbook.web.server import has_desktop

    options = plan.options
    code = app.setup.begin()
    files = plan.certificate
    if files is not None and plan.renew is None and files.ends_at - app.clock.now() < SOON:
        common.warn(f"The certificate ends on {files.ends_at:%Y-%m-%d}. Get a new one in time.")
    common.say(f"Rollbook is ready: {options.address}  (Ctrl-C ends it)")
    if options.trust_address:
        common.say(f"A tablet or telephone begins here, to trust it: {options.trust_address}")
    if plan.hosts != HERE and plan.certificate is None and not plan.behind_proxy:
        common.warn(
            "Others on the network can read along, and browsers give them no camera, because this "
            "is HTTP. Start with --lan for HTTPS."
        )
    if code is not None:
        common.say(f"Set it up in the browser with this code, which works once: {code}")
    sys.stdout.flush()  # a service's log shows it at once
    wanted = open_browser if open_browser is not None else has_desktop() and common.out.is_terminal
    if wanted:
        webbrowser.open(f"{here}/setup" if code is not None else here)


def commands(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("up")(up)
