"""`rollbook photo`: attendance from class photographs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from rollbook.cli import common
from rollbook.cli.register import ERASED
from rollbook.cli.times import time_of_session
from rollbook.domain.attendance import Session
from rollbook.domain.identification import DOUBT_TEXT, Doubt, Identified, Rejected, Unidentified
from rollbook.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from rollbook.domain.ports import ReviewItem
    from rollbook.services.photo import Confirmed, PhotoFace, PhotoResult


def photo(
    images: Annotated[
        list[Path], typer.Argument(help="Photographs of one moment.", metavar="IMAGE...")
    ],
    session: Annotated[str, typer.Option("--session", help="Id of the session.")],
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Write the proposals that are certain enough.")
    ] = False,
    at: Annotated[
        str | None, typer.Option("--at", help="When they were taken, HH:MM; by default now.")
    ] = None,
    as_json: common.JsonOption = False,
) -> None:
    """Propose who is on class photographs; with --confirm write the certain ones."""
    from rollbook.vision.images import read_image  # pictures are slow to import

    app = common.open_app()
    with app.uow() as uow:
        found = uow.sessions.get(session)
        names = uow.subjects.names()
    taken_at = _taken_at(at, found, app.zone, app.clock.now()) if confirm else None
    result = app.photo_taker.propose(found, [read_image(image) for image in images])
    app.tallies.flush()
    confirmed = None
    if taken_at is not None:
        confirmed = app.photo_taker.confirm(found, result, taken_at)
    if as_json:
        common.print_json(_as_json(result, confirmed, names))
    else:
        _print(result, confirmed, names, images)


def _taken_at(at: str | None, session: Session, zone: ZoneInfo, now: datetime) -> datetime:
    if at is None:
        if session.takes_marks_at(now):
            return now
        raise InvalidInput(
            "The session takes no marks now. Say when the photograph was taken: --at HH:MM"
        )
    taken = time_of_session(at, session, zone)
    if not session.takes_marks_at(taken):
        raise InvalidInput(f"The session takes no marks at {at}.")
    return taken


def _print(
    result: PhotoResult, confirmed: Confirmed | None, names: Mapping[str, str], images: list[Path]
) -> None:
    unsure = {(face.photo, face.number) for face in result.unsure}
    rows = [_row(face, names) for face in result.faces]
    for row, face in zip(rows, result.faces, strict=True):
        if (face.photo, face.number) in unsure:
            row["said"] = f"{row['said']}: look at it"
    several = len(images) > 1
    columns = [*(["photo"] if several else []), "face", "person", "score", "margin", "said"]
    common.print_table(columns, rows, as_json=False, empty="No face was found.")
    asked = f"threshold {result.point_threshold:.3f}, margin {result.required_margin:.3f}"
    common.say("Faces are counted row by row from the back, each from left to right.")
    common.say(
        f"{len(result.proposals)} certain, {len(unsure)} for a person to look at, "
        f"{len(result.missing)} of the roster not seen ({asked})."
    )
    if result.missing:
        missing = sorted(names.get(subject_id, ERASED) for subject_id in result.missing)
        common.say(f"Not seen: {', '.join(missing)}.")
    if result.unfindable:
        findable = len(result.missing) + len(result.proposals)
        common.say(common.findable(findable, len(result.unfindable)))
    if confirmed is None:
        common.say("Nothing was written. Write the certain ones with --confirm.")
        return
    left = f"faces left for review: {confirmed.reviews}."
    common.say(f"Marks written: {len(confirmed.marks)}; {left}")
    for subject_id, reason in confirmed.ignored:
        common.say(f"{names.get(subject_id, 'erased person')}: {reason}")


def _row(face: PhotoFace, names: Mapping[str, str]) -> dict[str, object]:
    row: dict[str, object] = {"photo": face.photo + 1, "face": face.number}
    match face.decision:
        case Identified(subject_id=subject_id, score=score, margin=margin):
            said = f"{face.decision.frames} pictures agree" if face.decision.frames > 1 else ""
            row |= {"person": names.get(subject_id, ERASED), "score": f"{score:.3f}"}
            row |= {"margin": f"{margin:.3f}", "said": said}
        case Unidentified(doubt=doubt, candidates=candidates):
            best = f"{candidates[0].score:.3f}" if candidates else None
            row |= {"person": "unknown", "score": best, "said": DOUBT_TEXT[doubt]}
        case Rejected(reason=reason):
            row |= {"person": "not used", "said": reason.value.replace("_", " ")}
    return row


def _as_json(
    result: PhotoResult, confirmed: Confirmed | None, names: Mapping[str, str]
) -> dict[str, object]:
    faces = []
    for face in result.faces:
        box = [round(v) for v in (face.box.left, face.box.top, face.box.right, face.box.bottom)]
        faces.append({**_row(face, names), "box": box})
    answer: dict[str, object] = {
        "threshold": result.point_threshold,
        "required_margin": result.required_margin,
        "proposals": [
            {
                "subject_id": p.subject_id,
                "person": names.get(p.subject_id),
                "score": p.decision.score,
            }
            for p in result.proposals
        ],
        "faces": faces,
        "missing": [names.get(subject_id) for subject_id in result.missing],
        "unfindable": [names.get(subject_id) for subject_id in result.unfindable],
        "written": None,
    }
    if confirmed is not None:
        answer["written"] = len(confirmed.marks)
        answer["reviews"] = confirmed.reviews
    return answer


review_app = typer.Typer(no_args_is_help=True, help="Faces that were left for a person.")


@review_app.command("list")
def list_reviews(
    session: Annotated[str | None, typer.Option("--session", help="Only of this session.")] = None,
    as_json: common.JsonOption = False,
) -> None:
    """List faces that resemble somebody but are not certain; mark the right ones by hand."""
    app = common.open_app()
    with app.uow() as uow:
        session_id = uow.sessions.get(session).session_id if session else None
        items = uow.reviews.all(session_id)
        names = uow.subjects.names()
    columns = ["id", "session", "person", "score", "said", "photo", "face"]
    rows = [_review_row(item, names) for item in items]
    common.print_table(columns, rows, as_json=as_json, empty="Nothing waits for review.")
    if rows and not as_json:
        common.say("Mark who it is: rollbook mark PERSON --session ID --status present")
        common.say("Take a face off the list: rollbook review dismiss ID")


def _review_row(item: ReviewItem, names: Mapping[str, str]) -> dict[str, object]:
    candidates: Any = item.body["candidates"]
    subject_id, score = candidates[0]
    return {
        "id": item.review_id,
        "session": item.session_id,
        "person": f"{names.get(subject_id, ERASED)}?",
        "score": f"{score:.3f}",
        "said": DOUBT_TEXT.get(Doubt(item.body["doubt"])),
        "photo": int(str(item.body["photo"])) + 1 if "photo" in item.body else None,
        "face": item.body.get("face"),
    }


@review_app.command("dismiss")
def dismiss_review(
    review_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the list, or its start.")],
) -> None:
    """Take a face off the list; marks are not changed."""
    app = common.open_app()
    with app.uow() as uow:
        found = [item for item in uow.reviews.all() if item.review_id.startswith(review_id)]
        if len(found) != 1:
            raise NotFound(f"{len(found)} faces on the list have an id that starts so.")
        uow.reviews.delete(found[0].review_id)
        uow.commit()
    common.say("Taken off the list.")


def commands(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("photo")(photo)
    app.add_typer(review_app, name="review")
