"""`rollbook demo`: the whole way of an attendance, with a portrait in the public domain."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.cli import common
from rollbook.cli.register import evidence_row, record_row
from rollbook.domain.attendance import Direction, Session, Status
from rollbook.domain.subjects import Group, Subject
from rollbook.settings import Settings

if TYPE_CHECKING:
    from rollbook.bootstrap import App
    from rollbook.services.watch import WatchSummary

PORTRAYED = "Eileen Collins"  # NASA portrait, public domain, comes with scikit-image
BY_HAND, ABSENT = "Ada Example", "Ben Example"  # invented, without a face
LENGTH = timedelta(minutes=45)


Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the demonstration did, for the terminal and for JSON."""

    summary: WatchSummary
    rows: list[dict[str, object]]
    evidence: dict[str, object]
    ready_seconds: float


OWN_KEY = {"site_key": None, "site_key_file": None, "key_command": None, "key_source": "file"}


def show_portrait(home: Path, settings: Settings, *, as_json: bool) -> None:
    """Enrol, watch, mark by hand, close and verify in a throw-away home; print what came of it."""
    from rollbook.bootstrap import build, build_engine

    def say(text: str) -> None:
        if not as_json:
            common.say(text)

    began = time.perf_counter()
    elsewhere = settings.model_copy(update={"home": home, "database_url": None, **OWN_KEY})
    app = build(elsewhere, create=True, engine=build_engine(settings))
    say(f"A throw-away home in {home}; your own data are not touched.")
    group = _enrol(app, home, say)
    ready = time.perf_counter() - began
    session = _open_session(app, group)
    clip = _clip(home)
    say(f"Watching {clip.name}: an empty room, a portrait that comes nearer, a cup, the portrait.")
    summary = _watch(app, session, clip, quiet=as_json)
    _finish(app, session)
    shown = _read(app, session, summary, ready)
    if as_json:
        common.print_json(_as_json(shown, app, home))
    else:
        _print(shown, app, home)
    app.database.close()


def _enrol(app: App, home: Path, say: Say) -> Group:
    """Enrol the portrait with a consent, and add two people who have no face here."""
    from rollbook.services.consenting import ConsentTerms
    from rollbook.vision.demo_clip import write_portrait

    group = app.people.add_group("Demonstration")
    photos = home / "photographs"
    photos.mkdir()
    write_portrait(photos / f"{PORTRAYED}.png")
    terms = ConsentTerms("public domain", "NASA")
    report = app.folder_enroller.run(photos, terms, group_id=group.group_id)
    enrolled = report.enrolled[0]
    say(f"Enrolled {enrolled.subject.name} from {enrolled.added} public-domain portrait.")
    for name in (BY_HAND, ABSENT):
        app.people.add(name, group_ids=[group.group_id])
    return group


def _open_session(app: App, group: Group) -> Session:
    start = app.clock.now()
    return app.register.open_session(
        group.group_id, start, start + LENGTH, business_date=app.today(), title="Demonstration"
    )


def _clip(home: Path) -> Path:
    from rollbook.vision.demo_clip import write_demo_clip

    file = home / "demonstration.mp4"
    write_demo_clip(file)
    return file


def _watch(app: App, session: Session, clip: Path, *, quiet: bool) -> WatchSummary:
    """Play the clip, every frame, through the pipeline that a camera uses."""
    from rollbook.cli.watch import Reporter
    from rollbook.vision.addresses import parse_source

    with app.uow() as uow:
        names = uow.subjects.names()
    reporter = Reporter(names, app.zone, quiet=quiet)
    watching = app.watch(
        session,
        parse_source(str(clip)),
        camera_id="demonstration clip",
        start=app.clock.now(),
        direction=Direction.BOTH,
        every_frame=True,
        tell=reporter.tell,
    )
    return watching.run()


def _finish(app: App, session: Session) -> None:
    """Mark one by hand, and close: whoever was not seen is absent."""
    with app.uow() as uow:
        subject = _named(uow.subjects.all(), BY_HAND)
    app.register.mark_by_hand(
        session.session_id, subject.subject_id, Status.PRESENT, "no consent, marked by hand", "demo"
    )
    app.register.close_session(session.session_id)


def _named(people: list[Subject], name: str) -> Subject:
    return next(person for person in people if person.name == name)


def _read(app: App, session: Session, summary: WatchSummary, ready: float) -> Shown:
    with app.uow() as uow:
        names = uow.subjects.names()
    records = app.register.records(session.session_id)
    records.sort(key=lambda record: names[record.subject_id])
    rows = [record_row(record, names, app.zone) for record in records]
    seen = next(r for r in records if names[r.subject_id] == PORTRAYED)
    evidence = evidence_row(seen, names)["evidence"] or {}
    return Shown(summary, rows, evidence, ready)


def _sealed_files(home: Path) -> list[Path]:
    """Return database, its journal and the key; only the key is readable, by this user alone."""
    kinds = {".db", ".db-wal", ".key"}
    return [file for file in sorted(home.rglob("*")) if file.suffix in kinds]


def _print(shown: Shown, app: App, home: Path) -> None:
    summary = shown.summary
    common.say("")
    common.say(f"The register of the session, {datetime.now(app.zone):%Y-%m-%d}:")
    columns = ["person", "status", "arrived", "method", "why"]
    common.print_table(columns, shown.rows, as_json=False, empty="Nobody was there.")
    common.say("")
    said = ", ".join(
        f"{name.replace('_', ' ')} {shown.evidence[name]}"
        for name in ("score", "threshold", "margin", "required_margin", "frames", "gallery_size")
        if name in shown.evidence
    )
    common.say(f"Why {PORTRAYED} was named: {said}")
    common.say(f"  calibrated on {shown.evidence.get('measured_on')}")
    common.say(
        f"{summary.frames} frames at {summary.median_ms or 0:.1f} ms each (median), "
        f"95 % within {summary.p95_ms or 0:.1f} ms; marks written: {summary.marks}, "
        f"people recognised: {summary.people}, faces left unknown: {summary.unknown}."
    )
    holds = app.register.verify()
    common.say(
        f"The register {'holds' if holds.holds else 'DOES NOT HOLD'}: {holds.entries} entries."
    )
    common.say("The sealed files:")
    for file in _sealed_files(home):
        common.say(f"  {file} ({file.stat().st_size} bytes)")
    common.say("They go with the throw-away home. Your own book: The first day, in the README.")


def _as_json(shown: Shown, app: App, home: Path) -> dict[str, object]:
    return {
        "register": shown.rows,
        "evidence": shown.evidence,
        "frames": shown.summary.frames,
        "median_ms": shown.summary.median_ms,
        "p95_ms": shown.summary.p95_ms,
        "marks": shown.summary.marks,
        "ready_seconds": round(shown.ready_seconds, 2),
        "verified": app.register.verify().holds,
        "files": [str(file) for file in _sealed_files(home)],
    }
