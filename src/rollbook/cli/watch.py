"""`rollbook watch`: attendance from a camera, stream, clip or folder of images."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from rollbook.cli import common
from rollbook.cli.times import time_of_session
from rollbook.domain.attendance import Direction, Session, SessionState
from rollbook.domain.faces import REFUSAL_TEXT
from rollbook.domain.identification import DOUBT_TEXT
from rollbook.errors import SessionClosed

if TYPE_CHECKING:
    from rollbook.bootstrap import App
    from rollbook.cli.display import Display
    from rollbook.services.watch import WatchSummary
    from rollbook.services.watch_events import Marked, WatchEvent

ERASED = "erased person"
EVERY = timedelta(minutes=1)  # so often the same reason is said again
KINDS = {"arrived": "arrived", "seen": "was seen again", "left": "left"}


def watch(
    source: Annotated[
        str,
        typer.Argument(help="A webcam's number, rtsp://… or http://…, a video file or a folder."),
    ],
    session: Annotated[str, typer.Option("--session", help="Id of the session.")],
    direction: Annotated[
        Direction, typer.Option("--direction", help="Which way people pass this camera.")
    ] = Direction.BOTH,
    camera_name: Annotated[
        str | None, typer.Option("--camera-name", help="What marks call this camera.")
    ] = None,
    display: Annotated[
        bool, typer.Option("--display", help="Show picture, boxes and names in the browser.")
    ] = False,
    max_speed: Annotated[
        bool, typer.Option("--max-speed", help="Read a clip as fast as it goes, every frame.")
    ] = False,
    at: Annotated[
        str | None,
        typer.Option("--at", help="When a clip or folder begins, HH:MM; by default now."),
    ] = None,
    as_json: common.JsonOption = False,
) -> None:
    """Watch a camera for a session and mark whom it recognises; Ctrl-C ends it."""
    from rollbook.vision.addresses import parse_source

    app = common.open_app()
    address = parse_source(source)
    with app.uow() as uow:
        found = uow.sessions.get(session)
        names = uow.subjects.names()
    if found.state is SessionState.PLANNED:
        raise SessionClosed("The session is planned. Open it first: rollbook session start ID")
    if found.state is not SessionState.OPEN:
        raise SessionClosed("The session is closed; it takes no more marks from a camera.")
    camera_id = camera_name or (Path(address.shown).name if "://" not in source else address.shown)
    reporter = Reporter(names, app.zone, quiet=as_json)
    with ExitStack() as stack:
        board = stack.enter_context(_shown(reporter)).board if display else None
        watching = app.watch(
            found,
            address,
            camera_id=camera_id,
            direction=direction,
            every_frame=max_speed,
            start=_start(at, found, app),
            tell=reporter.tell if board is None else _both(reporter.tell, board.tell),
            show=board.show if board is not None else None,
        )
        reporter.say(f"Watching {address.shown}. Press Ctrl-C to end.")
        stack.enter_context(app.tallies.kept())
        summary = watching.run(stack.enter_context(common.ended_in_order()))
    if as_json:
        common.print_json(_as_json(summary, reporter))
    else:
        _print(summary)


def _start(at: str | None, session: Session, app: App) -> datetime:
    """Return when a clip begins: now, or a time of the session's day."""
    return app.clock.now() if at is None else time_of_session(at, session, app.zone)


@dataclass
class Reporter:
    """Says on the terminal what happens; with `quiet` it only keeps it for the JSON."""

    names: Mapping[str, str]
    zone: ZoneInfo
    quiet: bool = False
    marked: list[Marked] = field(default_factory=list)
    explained: set[tuple[str, str]] = field(default_factory=set)  # person and reason
    said_at: dict[str, datetime] = field(default_factory=dict)  # why a face got no name

    def name_of(self, subject_id: str) -> str:
        return self.names.get(subject_id, ERASED)

    def say(self, text: str) -> None:
        if not self.quiet:
            common.say(text)

    def tell(self, event: WatchEvent) -> None:
        from rollbook.services import watch_events as events

        match event:
            case events.Marked():
                self.marked.append(event)
                self.say(self.describe(event))
            case events.NotMarked(subject_id=subject_id, at=at, reason=reason):
                if (subject_id, reason) not in self.explained:
                    self.explained.add((subject_id, reason))
                    self.say(f"{self._clock(at)}  {self.name_of(subject_id)}: {reason}")
            case events.HealthChanged(health=health):
                self.say(f"Camera: {health.sentence}")
            case events.MarksWaiting(count=count, reason=reason):
                common.warn(f"{count} marks wait to be written and are tried again: {reason}")
            case events.GalleryChanged(size=size):
                self.say(f"The roster changed: {size} people can be recognised now.")
            case events.RosterRead(size=size, without=without):
                self.say(common.findable(size, without))
            case events.FaceRefused(at=at, reason=reason):
                self._say_sometimes(at, REFUSAL_TEXT[reason])
            case events.UnknownSeen(at=at, doubt=doubt):
                self._say_sometimes(at, f"Unknown: {DOUBT_TEXT[doubt]}.")

    def _say_sometimes(self, at: datetime, why: str) -> None:
        """Say why a face gets no name; the same reason not again for a while."""
        before = self.said_at.get(why)
        if before is None or at - before >= EVERY:
            self.said_at[why] = at
            self.say(f"{self._clock(at)}  {why}")

    def describe(self, event: Marked) -> str:
        """Return a sentence with the reason for the mark."""
        mark, decision = event.mark, event.decision
        said = KINDS.get(mark.kind.value, mark.kind.value)
        return (
            f"{self._clock(mark.at)}  {self.name_of(mark.subject_id)} {said} "
            f"(score {decision.score:.3f}, threshold {decision.point.threshold:.3f}, "
            f"margin {decision.margin:.3f}, {decision.frames} frames)"
        )

    def _clock(self, at: datetime) -> str:
        return f"{at.astimezone(self.zone):%H:%M:%S}"


@contextmanager
def _shown(reporter: Reporter) -> Iterator[Display]:
    """Open the page in the browser; where there is none, its address is said once."""
    from rollbook.cli.display import Board, Display

    display = Display(Board(reporter.name_of, reporter.describe))
    try:
        if not webbrowser.open(display.address):
            common.warn(f"Open this address, which works once: {display.address}")
        yield display
    finally:
        display.close()


def _both(
    first: Callable[[WatchEvent], None], second: Callable[[WatchEvent], None]
) -> Callable[[WatchEvent], None]:
    def tell(event: WatchEvent) -> None:
        first(event)
        second(event)

    return tell


def _print(summary: WatchSummary) -> None:
    speed = ""
    if summary.median_ms is not None and summary.p95_ms is not None:
        speed = (
            f", {summary.frames_a_second:.1f} a second "
            f"({summary.median_ms:.1f} ms each, 95 % within {summary.p95_ms:.1f} ms)"
        )
    common.say(f"The watch is over: {summary.end.value}.")
    seen = f"{summary.with_faces} of them with a face" if summary.with_faces else "no face in any"
    common.say(f"{summary.frames} frames in {summary.seconds:.1f} s{speed}; {seen}.")
    health = summary.health
    if health.dropped or health.reconnects or health.restarts:
        common.say(
            f"Camera: {health.dropped} frames passed over, {health.reconnects} reconnects, "
            f"{health.restarts} restarts."
        )
    common.say(
        f"{summary.marks} marks, {summary.people} people recognised, "
        f"{summary.unknown} faces stayed unknown."
    )
    if summary.refused:
        listed = ", ".join(f"{n} {code.replace('_', ' ')}" for code, n in summary.refused.items())
        common.say(f"Faces that could not be used at some time: {listed}.")


def _as_json(summary: WatchSummary, reporter: Reporter) -> dict[str, object]:
    plain = asdict(summary)
    plain["end"] = summary.end.value
    plain["health"]["state"] = summary.health.state.value
    plain["marked"] = [
        {
            "person": reporter.name_of(event.mark.subject_id),
            "subject_id": event.mark.subject_id,
            "kind": event.mark.kind.value,
            "at": event.mark.at.isoformat(),
            "score": event.decision.score,
            "threshold": event.decision.point.threshold,
            "margin": event.decision.margin,
            "frames": event.decision.frames,
        }
        for event in reporter.marked
    ]
    return plain


def commands(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("watch")(watch)
