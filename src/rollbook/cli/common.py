"""What all commands share: the home folder, tables that are also JSON, and exit codes."""

from __future__ import annotations

import errno
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from rollbook.errors import RollbookError

if TYPE_CHECKING:
    from rollbook.bootstrap import App

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

WIDE = 2000  # columns
NEW_KEY = (
    "Without its site key nothing opens, ever. Print a recovery sheet today, and lock it away: "
    "rollbook keys escrow --sheet FILE.pdf"
)

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

_home: Path | None = None


def set_home(home: Path | None) -> None:
    """Remember `--home` for this command."""
    global _home
    _home = home


def chosen_home() -> Path | None:
    return _home


def open_app(*, create: bool = False, quiet: bool = False) -> App:
    """Return the parts of this installation; `create` makes the home when it is not there.

    What is wrong with the register is said at once, unless `quiet`: the command does it itself.
    """
    from rollbook.bootstrap import build  # the networks and the database are slow to import
    from rollbook.settings import load_settings

    app = build(load_settings(_home), create=create)
    if not quiet:
        warn_of_register(app)
    return app


def warn_of_register(app: App) -> None:
    """Say on standard error how the register stands to its witness, where that is not plain."""
    from rollbook.domain.witness import WitnessState
    from rollbook.errors import RegisterTampered

    try:
        found = app.standing()
    except RegisterTampered as error:
        warn(str(error))
        return
    elsewhere = found.state is WitnessState.AHEAD and app.database.engine.dialect.name != "sqlite"
    if not found.is_plain and not elsewhere:  # there, other machines write too
        warn(found.sentence())


def say(text: str) -> None:
    """Print a sentence; square brackets in names are not markup."""
    out.print(Text(text))


def warn(text: str) -> None:
    err.print(Text(text))


def fail(text: str) -> typer.Exit:
    """Print why something was refused; raise what is returned: exit code 1."""
    err.print(Text(text))
    return typer.Exit(1)


def print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")
    sys.stdout.flush()  # a full disk is told of here, and not after the end


def print_table(
    columns: Sequence[str], rows: Sequence[Mapping[str, Any]], *, as_json: bool, empty: str
) -> None:
    """Print rows as a table or as a JSON list of objects; `empty` is said when there are none."""
    if as_json:
        print_json([{column: row.get(column) for column in columns} for row in rows])
        return
    if not rows:
        say(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if row.get(c) is None else str(row[c])) for c in columns))
    # a terminal folds long cells; a file or another program gets each row as one line
    target = out if out.is_terminal else Console(highlight=False, width=WIDE)
    target.print(table, soft_wrap=False)


def findable(size: int, without: int) -> str:
    """Return how many of a roster a face can find, and what to do about the others."""
    said = f"{size} of {size + without} people on the roster can be recognised."
    if not without:
        return said
    return (
        f"{said} The others have not agreed, or have no sample of the embedder in use: mark them "
        "by hand, or look with rollbook person list and rollbook doctor."
    )


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on the terminal while the block runs; yields `update(done, total)`."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        disable=not err.is_terminal,
        transient=True,
    )
    with bar, ended_in_order() as asked:
        task = bar.add_task(what, total=None)

        def update(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)
            if asked():
                raise KeyboardInterrupt  # between two steps, so that nothing is half done

        yield update


@contextmanager
def ended_in_order() -> Iterator[Callable[[], bool]]:
    """Yield what tells whether Ctrl-C, or the end of a service, was asked for meanwhile.

    An exception in the middle of a transaction would leave it to chance where the work stops. A
    second Ctrl-C is one all the same, for somebody who cannot wait. A second SIGTERM is none: who
    ends a whole group of processes reaches us twice, once through whoever started us.
    """
    asked: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        if number == signal.SIGINT and len(asked) > 1:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False  # only the main thread gets signals
        return
    before = {kind: signal.signal(kind, note) for kind in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


class RollbookGroup(TyperGroup):
    """Turns what Rollbook raises on purpose into one sentence and exit code 1."""

    def invoke(self, ctx: typer.Context) -> Any:
        try:
            return super().invoke(ctx)
        except RollbookError as error:
            raise fail(str(error)) from error
        except UnicodeEncodeError as error:  # the system hands over bytes as lone surrogates
            raise fail("Something typed holds signs that are no text. Type it anew.") from error
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever read the output has enough
                raise
            why = error.strerror or type(error).__name__
            raise fail(f"The system refused what was to be done: {why}.") from error
        except KeyboardInterrupt:
            raise fail("Stopped. What was reported as done is kept.") from None
