"""The small school on an ordinary day: pages with something on them, for eyes and browsers."""

from __future__ import annotations

from datetime import date, time, timedelta
from pathlib import Path

from builders import LONG_AGO, make_class
from intake import TERMS, Intake, portrait, shade
from rollbook.domain.access import Actor, Role
from rollbook.domain.attendance import Direction, Evidence, Method, Session, Status
from rollbook.domain.documents import GAP, PaperKind
from rollbook.domain.gallery import Candidate
from rollbook.domain.identification import Calibration, Doubt, ProbeKind, Unidentified
from rollbook.domain.messages import Audience, Event, EventKind, MessageRules, MessageState
from rollbook.domain.receipts import Receipt, ReceiptKind
from rollbook.domain.statements import Change
from rollbook.domain.subjects import Membership, new_id
from rollbook.domain.timetable import Series
from rollbook.services.cameras import CameraDraft
from rollbook.services.composing import CORRECTED
from rollbook.services.devices import DevicePlan
from rollbook.services.enrol import Enrolee
from rollbook.services.samples import Picture
from rollbook.testing import BLUE, COLOUR_SPACE, GREEN, RED, Colour
from web.school import DAY, MONDAY, Site, make_site

NAMES = (
    "Aylin Öztürk", "Benedikt Freiherr von und zu Guttenstein-Weißenfels", "Chloé Dubois",
    "Đặng Thị Ngọc", "Emil Sørensen", "فاطمة الزهراء", "Grzegorz Brzęczyszczykiewicz",
    "Hanna Müller", "Ioan Popescu", "Jürgen Groß", "Katarzyna Nowak", "李小龍", "Maria da Silva",
    "Noah Smith", "Olena Шевченко", "Pía Núñez", "Quentin Blake", "Rosa Lange", "Søren Aabye",
    "Tuğçe Yıldız", "Uwe Timm",
)  # fmt: skip
CALIBRATION = Calibration(COLOUR_SPACE, ProbeKind.TRACK, (0.0, -6.0, 0.0), (0.0, 1.0), 0.05, "EOF")


def make_full_site(book: Path) -> Site:
    """Return the small school with a full class, a timetable, marks, requests and devices."""
    site = make_site(book)
    site.clock.at = MONDAY + timedelta(minutes=14)
    alice, bob = (Actor(site.users[n].user_id, role) for n, role in ACTORS.items())
    _people(site)
    _faces(site)
    _timetable(site, alice)
    past = _past_lesson(site, bob)
    _today(site, bob)
    _requests(site, past)
    _devices(site, alice)
    _backups(site, book)
    _papers(site, alice)
    _messages(site)
    site.ids.update(_ids(site, past))
    return site


def _messages(site: Site) -> None:
    """Channels, a mother who is told, and messages that wait, were dropped and were given up."""
    settings, by = site.parts.message_settings, "test"
    settings.set_rules(MessageRules(enabled=True), by)
    settings.set_address("https://hill-school.example", by)
    mail = settings.add_channel("E-Mail", "mailto://127.0.0.1:1?from=office@hill.example", by)
    settings.add_channel("SMS", "json://sms.example/send?to={to}", by)
    site.ids["channel_id"] = [mail.channel_id]
    mother = site.parts.recipients.add_contact(
        site.ada.subject_id,
        Audience.GUARDIAN,
        mail.channel_id,
        "annabella.milbanke@example.org",
        language="en",
        label="mother",
        by=by,
    )
    site.ids["recipient_id"] = [mother.recipient_id]
    now = site.clock.now()
    with site.parts.uow() as uow:
        for number, state in enumerate([None, MessageState.DROPPED, MessageState.FAILED]):
            event = Event(
                EventKind.LATE, str(number), now, mother.recipient_id, site.ada.subject_id
            )
            uow.outbox.add(event, now + timedelta(minutes=15 * (state is None)))
            for message_id in uow.outbox.due(now, 1):
                (row,) = uow.outbox.claim(message_id, now, now)
                why = (
                    CORRECTED
                    if state is MessageState.DROPPED
                    else "The mail server answered 550: no such user"
                )
                uow.outbox.end(row, state or MessageState.SENT, now, why)
        uow.commit()


def _backups(site: Site, book: Path) -> None:
    """Two destinations: one that is written to, and one that is not plugged in."""
    folder = book.parent / "disk"
    one, gone = (site.parts.backups.add(str(folder / name), "test").url for name in _disks(folder))
    site.parts.backups.set_schedule("03:15", "test")
    Path(gone).rmdir()
    assert Path(one).is_dir()
    site.parts.backups.back_up("test", lambda done, total: None)
    destinations = site.parts.backups.destinations()
    site.ids["destination_id"] = [found.destination_id for found in destinations]


def _disks(folder: Path) -> tuple[str, str]:
    folder.mkdir(exist_ok=True)
    return "office", "unplugged"


def _ids(site: Site, past: Session) -> dict[str, list[str]]:
    """Return what the parameters of routes can be here."""
    with site.parts.uow() as uow:
        requests = [request.request_id for request in uow.requests.waiting()]
        return {
            "session_id": [site.session.session_id, past.session_id],
            "group_id": [site.group.group_id],
            "subject_id": [site.ada.subject_id, site.people[1].subject_id],
            "camera_id": [camera.camera_id for camera in uow.cameras.all()],
            "device_id": [device.device_id for device in uow.devices.all()],
            "series_id": [series.series_id for series in uow.series.all()],
            "review_id": [item.review_id for item in uow.reviews.all()],
            "absence_id": [a.absence_id for a in site.parts.absences.since(DAY)],
            "request_id": requests,
            "document_id": [one.document_id for one in uow.documents.all()],
            "receipt_id": [one.receipt_id for one in uow.receipts.all()],
        }


ACTORS = {"alice": Role.ADMINISTRATOR, "bob": Role.FACULTY}


TOLD = {
    "controller": "Hill School, 1 Hill Road, Hilltown",
    "contact": "office@hill.example",
    "officer": "Dr Jane Roe",
    "authority": "The Commissioner of Hilltown",
}


def _papers(site: Site, alice: Actor) -> None:
    """Publish a notice and a form, and write a receipt."""
    papers = site.parts.papers
    papers.set_particulars(alice.by, TOLD)
    for kind, language in ((PaperKind.NOTICE, "en"), (PaperKind.GUARDIAN, "de")):
        text = GAP.sub("(told on the notice board)", papers.draft(kind, language).text)
        papers.publish(kind, language, text, alice.by)
    with site.parts.uow() as uow:
        counts = {"inactive": 12, "absences": 3}
        body = {"by": "timetable", "counts": counts, "people": {"inactive": [new_id()]}}
        uow.receipts.add(Receipt(new_id(), ReceiptKind.PURGE, site.clock.now(), body))
        uow.commit()


def _people(site: Site) -> None:
    _other, more = make_class(site.parts.uow, NAMES, "5c")
    with site.parts.uow() as uow:
        for person in more:
            uow.groups.join(Membership(site.group.group_id, person.subject_id, LONG_AGO))
        uow.commit()
    site.people += more


def _faces(site: Site) -> None:
    intake = Intake(site.parts.uow)  # an enroller that takes colours for faces
    colours: tuple[Colour, ...] = (RED, GREEN, BLUE)
    for person, colour in zip(site.people, colours, strict=False):
        consent = TERMS.consent_of(person.subject_id, site.clock.now())
        who = Enrolee(person, consent, is_new=False)
        pictures = [_picture(f"{person.name} {step}", shade(colour, step)) for step in (0, 5)]
        assert intake.enroller.enrol(who, pictures).added == 2


def _picture(name: str, colour: Colour) -> Picture:
    return Picture(name, name, portrait(colour))


def _timetable(site: Site, by: Actor) -> None:
    calendars = site.parts.calendars
    calendars.add_term("2025/26, second half", date(2026, 2, 1), date(2026, 7, 31), by.by)
    calendars.add_holiday("Easter holidays", date(2026, 3, 30), date(2026, 4, 10), by.by)
    lessons = (("German", 9, 1), ("Physical education", 10, 3), ("Mathematics", 8, 4))
    for title, hour, weekday in lessons:
        series = Series(
            series_id=f"{hour:032x}",
            group_id=site.group.group_id,
            title=title,
            start=time(hour, 5),
            end=time(hour, 50),
            first_day=date(2026, 2, 2),
            weekdays=frozenset({weekday}),
            room="B 12",
        )
        site.parts.timetable.add(series, by.by)


def _past_lesson(site: Site, by: Actor) -> Session:
    """Return a session of last Thursday, closed."""
    start = MONDAY - timedelta(days=4)
    session = site.parts.register.open_session(
        site.group.group_id,
        start,
        start + timedelta(minutes=45),
        business_date=DAY - timedelta(days=4),
        title="History",
    )
    for number, person in enumerate(site.people[:20]):
        at = start + timedelta(minutes=number)
        site.parts.register.sight(session.session_id, person.subject_id, at, Method.FACE)
    change = Change(site.people[4].subject_id, Status.PRESENT, "Was at the nurse")
    site.parts.corrections.set(session.session_id, [change], by.by)
    site.parts.register.close_session(session.session_id, by.by)
    return session


def _today(site: Site, by: Actor) -> None:
    held = site.session.session_id
    for number, person in enumerate(site.people[:12]):
        at = MONDAY + timedelta(minutes=3 + number)
        evidence = _evidence(site, person.subject_id)
        register = site.parts.register
        register.sight(held, person.subject_id, at, Method.FACE, Direction.BOTH, "door", evidence)
    changes = [
        Change(site.people[13].subject_id, Status.PRESENT),
        Change(site.people[2].subject_id, Status.LATE, "The bus was late"),
    ]
    site.parts.corrections.set(held, changes, by.by)
    site.parts.absences.tell(
        [site.people[14].subject_id, site.people[15].subject_id],
        DAY,
        DAY + timedelta(days=4),
        "ill",
        by.by,
        "Told by telephone",
    )
    point = CALIBRATION.operating_point(0.01, 24)
    likely = tuple(Candidate(p.subject_id, 0.6 - i / 20) for i, p in enumerate(site.people[16:19]))
    decision = Unidentified(Doubt.AMBIGUOUS, likely, point)
    site.parts.reviewing.leave(held, decision, site.clock.now(), -1.0, "door")


def _evidence(site: Site, subject_id: str) -> Evidence:
    return Evidence(
        score=0.71,
        threshold=0.43,
        margin=0.35,
        required_margin=0.05,
        frames=3,
        candidates=((subject_id, 0.71),),
        gallery_size=len(site.people),
        target_fpir=0.001,
        space="colour",
        measured_on="invented",
    )


def _requests(site: Site, lesson: Session) -> None:
    past, desk = lesson.session_id, site.parts.request_desk
    desk.dispute(site.ada.subject_id, past, Status.EXCUSED, "I had a dentist's appointment.")
    desk.dispute(site.people[22].subject_id, past, Status.PRESENT, "I was there, at the back.")
    desk.excuse_days(site.ada.subject_id, DAY, DAY + timedelta(days=1), "My grandmother is ill.")


def _devices(site: Site, by: Actor) -> None:
    site.parts.devices.add(DevicePlan("Entrance tablet", "Hall"), by.by)
    paired = site.parts.devices.add(DevicePlan("Room B 12", "B 12", (site.group.group_id,)), by.by)
    site.parts.devices.pair(paired.code, place="127.0.0.1")
    draft = CameraDraft("Door", "rtsp://camera.invalid/stream", "B 12", enabled=False)
    site.parts.cameras.add(draft, by)
    site.parts.pins.set(site.ada.subject_id, "482913", by.by)
