"""Subject access: everything about one person, and nothing of anybody else."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from builders import DAY, NOW, make_class, make_consent, make_reference
from rollbook.bootstrap import App, build
from rollbook.domain.access import Role
from rollbook.domain.accounts import User
from rollbook.domain.attendance import Evidence, Mark, MarkKind, Method
from rollbook.domain.erasing import Handling
from rollbook.domain.held_data import NOT_TOLD, SECTIONS
from rollbook.domain.messages import Audience, Event, EventKind, Recipient
from rollbook.domain.ports import ReviewItem
from rollbook.domain.receipts import ReceiptKind
from rollbook.domain.subjects import Subject, new_id
from rollbook.reports.access_archive import ORDER
from rollbook.reports.access_texts import DE, EN
from rollbook.services.marks import entry_of
from rollbook.settings import Settings
from rollbook.storage.personal import HANDLING
from rollbook.testing import FixedClock

NAME, OTHER = "Zenobia <Quartermaine>", "Grace Hopper"
TEACHER = "f" * 32


@pytest.fixture
def app(book: Path) -> App:
    opened = build(Settings(home=book))
    opened.clock = FixedClock(NOW)  # type: ignore[assignment]
    return opened


@pytest.fixture
def people(app: App) -> tuple[Subject, Subject]:
    """Zenobia, of whom much is kept, and Grace, who stands beside her in all of it."""
    group, (zenobia, grace) = make_class(app.uow, [NAME, OTHER])
    zenobia = replace(zenobia, external_id="=SID-1", contacts=("zenobia@example.org",))
    start = NOW - timedelta(hours=1)
    session = app.register.open_session(
        group.group_id, start, start + timedelta(minutes=45), business_date=DAY, title="Maths"
    )
    evidence = Evidence(
        0.61, 0.41, 0.2, 0.05, 5,
        ((zenobia.subject_id, 0.61), (grace.subject_id, 0.41)), 30, 0.001, "sface", "dev",
    )  # fmt: skip
    camera = "camera " + "c" * 32
    with app.uow() as uow:
        uow.subjects.update(zenobia)
        for seed, who in ((1, zenobia), (2, grace)):
            uow.consents.add(make_consent(who.subject_id, f"the guardian of {seed}"))
            uow.references.add(make_reference(who.subject_id, seed, crop=b"jpeg %d" % seed))
            mark = Mark(
                new_id(), session.session_id, who.subject_id, MarkKind.ARRIVED, start,
                Method.FACE, camera, evidence=evidence,
            )  # fmt: skip
            uow.register.append(entry_of(mark, uow.vault))
        both = [[zenobia.subject_id, 0.5], [grace.subject_id, 0.4]]
        body: dict[str, object] = {"candidates": both, "subject_id": zenobia.subject_id}
        uow.reviews.add(ReviewItem(new_id(), session.session_id, body, NOW))
        told = Recipient(
            new_id(), Audience.GUARDIAN, "c", "told@example.org", "en",
            frozenset({EventKind.LATE}), zenobia.subject_id,
        )  # fmt: skip
        uow.recipients.put(told)
        late = Event(EventKind.LATE, "1", NOW, told.recipient_id, zenobia.subject_id)
        uow.outbox.add(late, NOW)
        uow.users.add(
            User(
                new_id(), "zenobia", Role.SUBJECT, "u" * 32, NAME, password="$argon2id$secret",
                subject_id=zenobia.subject_id,
            )
        )  # fmt: skip
        uow.commit()
    app.people.acting(f"administrator {TEACHER}").rename(grace.subject_id, "Grace Murray Hopper")
    app.people.acting(f"administrator {TEACHER}").rename(zenobia.subject_id, NAME + "!")
    return zenobia, grace


def archive_of(app: App, who: Subject, language: str = "en") -> dict[str, bytes]:
    given = app.subject_access.give(who.subject_id, language, f"administrator {TEACHER}")
    with zipfile.ZipFile(io.BytesIO(given.data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_every_table_with_something_of_a_person_has_a_section() -> None:
    told = {table for tables in SECTIONS.values() for table in tables} | set(NOT_TOLD)
    held = {name for name, handling in HANDLING.items() if handling is not Handling.NOTHING}
    assert held <= told, "tell of it in domain/held_data.py, or say there why not"
    assert set(ORDER) == set(SECTIONS)
    for texts in (EN, DE):
        assert set(SECTIONS) <= texts.keys()
    assert EN.keys() == DE.keys()


def test_all_that_is_held_is_in_it(app: App, people: tuple[Subject, Subject]) -> None:
    files = archive_of(app, people[0])
    data = json.loads(files["data.json"])
    assert {name for name in SECTIONS if not data[name]} == {
        "absences", "requests", "codes", "browsers", "passkeys", "programs", "tasks", "receipts",
    }  # fmt: skip
    assert data["person"][0]["contacts"] == ["zenobia@example.org"]
    assert data["contacts"][0]["address"] == "told@example.org"
    assert (data["messages"][0]["kind"], data["messages"][0]["state"]) == ("late", "waiting")
    assert files["pictures/1.jpg"] == b"jpeg 1"
    assert len(files["templates/1.csv"].splitlines()) == 128
    (row,) = data["attendance"]
    assert (row["session"], row["status"]) == ("Maths", "present")
    assert "score 0.610 (threshold 0.410)" in row["why"]
    assert row["marks"][0]["evidence"]["candidates"] == 2, "the others are counted"
    assert data["unsure_faces"][0]["other_candidates"] == 1
    assert {entry["what"] for entry in data["entries"]} == {"renamed"}
    for name in SECTIONS:
        rows = list(csv.DictReader(io.StringIO(files[f"csv/{name}.csv"].decode("utf-8-sig"))))
        assert len(rows) == len(data[name])
    assert b"'=SID-1" in files["csv/person.csv"], "a spreadsheet must not compute it"


def test_nobody_else_is_in_it(app: App, people: tuple[Subject, Subject]) -> None:
    files = archive_of(app, people[0])
    everything = b"".join(files.values())
    for other in (people[1].subject_id, "Grace", "guardian of 2", "jpeg 2", TEACHER, "c" * 32):
        assert other.encode() not in everything, other
    assert b"argon2" not in everything and b"uuuuuuuu" not in everything
    template = make_reference(people[1].subject_id, 2).template.values
    assert repr(float(template[0])).encode() not in everything


class Page(HTMLParser):
    """Notes what a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [v or "" for k, v in attrs if k in {"src", "href", "srcset"}]


@pytest.mark.parametrize(("language", "said"), [("en", "What is held about"), ("de", "Was über")])
def test_the_page_opens_offline_and_runs_nothing(
    app: App, people: tuple[Subject, Subject], language: str, said: str
) -> None:
    files = archive_of(app, people[0], language)
    text = files["index.html"].decode()
    page = Page()
    page.feed(text)
    assert said in text and f'lang="{language}"' in text
    assert "=SID-1" in text and "0.61" in text and "None" not in text
    assert "script" not in page.tags and "quartermaine" not in page.tags, "names are escaped"
    assert page.sources == ["pictures/1.jpg"] and page.sources[0] in files
    assert "http://" not in text and "https://" not in text


def test_it_is_noted_and_there_is_a_receipt(app: App, people: tuple[Subject, Subject]) -> None:
    archive_of(app, people[0])
    with app.uow() as uow:
        (receipt,) = uow.receipts.all([ReceiptKind.ACCESS])
        entry = uow.register.entries(limit=1)[0]
    assert receipt.body["subject_id"] == people[0].subject_id
    assert (entry.body["event"], entry.body["by"]) == (
        "access given",
        f"administrator {TEACHER}",
    )
    second = json.loads(archive_of(app, people[0])["data.json"])
    assert "access given" in {one["what"] for one in second["entries"]}
    assert len(second["receipts"]) == 1


def test_an_archive_that_waits_goes_with_the_person(
    app: App, people: tuple[Subject, Subject], book: Path
) -> None:
    who = people[0].subject_id
    task = app.subject_access.start(who, "en", TEACHER, f"administrator {TEACHER}")
    assert app.subject_access.start(who, "en", TEACHER, "x") == task, "one at a time"
    assert app.tasks.run_one()
    stream = app.subject_access.fetch(task.task_id, who, TEACHER)
    assert zipfile.ZipFile(stream).testzip() is None
    stream.close()
    assert len(list((book / "work").iterdir())) == 2
    (receipt,) = app.erasing.erase([who])
    assert list((book / "work").iterdir()) == []
    assert receipt.body["work_files_deleted"] == 1
