"""Nothing personal can be read in any file of the home, however it is looked for."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from builders import (
    NOW,
    make_class,
    make_consent,
    make_reference,
    make_subject,
)
from rollbook.domain.attendance import Evidence, Method, Status
from rollbook.domain.ports import ReviewItem
from rollbook.domain.subjects import new_id
from rollbook.errors import DecryptionFailed
from rollbook.services.register import RegisterKeeper
from rollbook.storage.database import Database
from rollbook.storage.tables import consents, groups, samples, subject_keys, subjects
from rollbook.testing import FixedClock

NAMES = ("Anneliese Größenwahn", "渡辺 さくら", "يوسف الحداد", "O'Neill \U0001f642 Straße")
EXTERNAL = "EXT-20406080"
CONTACT = "guardian@example.invalid"
REASON = "broken collarbone after hockey"
TEACHER = "Ms Featherstonehaugh"
SETTING = "Saint Swithin's Academy"
CROP = bytes(np.random.default_rng(5).integers(0, 256, 4000, dtype=np.uint8))
ARRIVAL = NOW + timedelta(minutes=3, seconds=17, microseconds=123457)


def spellings(text: str) -> Iterator[bytes]:
    """Yield a text as it may lie in a file, whole words of it as well."""
    words = [text, *(word for word in text.split() if len(word) > 4)]
    for word in words:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            yield from in_base64(word.encode(encoding))
        yield word.encode("unicode_escape")


def in_base64(raw: bytes) -> Iterator[bytes]:
    """Yield the bytes, and what does not change of their base64 at each of three offsets."""
    yield raw
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + raw)
        inner = text[4 if offset else 0 : -4]
        if len(inner) >= 8:
            yield inner
            yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def fill(database: Database) -> dict[str, list[bytes]]:
    """Write one of everything, and return what must not be found."""
    group, people = make_class(database.uow, NAMES, "Zugvögel class")
    ada = replace(people[0], external_id=EXTERNAL, contacts=(CONTACT,))
    sample = make_reference(ada.subject_id, 3, crop=CROP)
    with database.uow() as uow:
        uow.subjects.update(ada)
        uow.consents.add(make_consent(ada.subject_id, "Hermenegilda Vogelsang"))
        uow.references.add(sample)
        uow.site.set("site_name", SETTING)
        uow.commit()
    keeper = RegisterKeeper(database.uow, FixedClock(ARRIVAL))
    session = keeper.open_session(
        group.group_id,
        NOW,
        NOW + timedelta(hours=1),
        business_date=NOW.date(),
        title="Palaeography",
    )
    candidates = tuple((person.subject_id, 0.5) for person in people)
    evidence = Evidence(0.61, 0.41, 0.2, 0.05, 5, candidates, 4, 0.001, "sface", "dev-set-name")
    about = (session.session_id, ada.subject_id)
    keeper.sight(*about, ARRIVAL, Method.FACE, camera_id="porch", evidence=evidence)
    keeper.mark_by_hand(*about, Status.EXCUSED, REASON, TEACHER)
    keeper.mark_by_hand(session.session_id, people[1].subject_id, Status.LEFT_EARLY, None, TEACHER)
    with database.uow() as uow:
        body: dict[str, object] = {
            "candidates": [[ada.subject_id, 0.4]],
            "doubt": "below_threshold",
        }
        uow.reviews.add(ReviewItem(new_id(), session.session_id, body, ARRIVAL))
        uow.commit()
    values = sample.template.values
    secret = {
        "names": [*NAMES, "Hermenegilda Vogelsang", TEACHER, "Zugvögel class", "Palaeography"],
        "external ids and contacts": [EXTERNAL, CONTACT],
        "statuses": ["excused", "left_early", "arrived"],
        "reasons": [REASON],
        "times of arrival": [ARRIVAL.isoformat(), "08:03:17", str(int(ARRIVAL.timestamp()))],
        "evidence": ["dev-set-name", "porch", "below_threshold", SETTING],
    }
    found = {what: [s for text in texts for s in spellings(text)] for what, texts in secret.items()}
    found["crops"] = [s for part in (CROP[:60], CROP[1000:1060]) for s in in_base64(part)]
    found["templates"] = [
        s
        for kind in ("<f4", ">f4", "<f8", "<f2")
        for s in in_base64(values[:8].astype(kind).tobytes())
    ]
    found["landmarks"] = list(in_base64(np.arange(10, dtype="<f4").tobytes()))
    return found


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def leaks(files: dict[str, bytes], secrets: dict[str, list[bytes]]) -> list[str]:
    return [
        f"{what} in {name}"
        for name, text in files.items()
        for what, needles in secrets.items()
        if any(needle in text for needle in needles)
    ]


def test_the_search_itself_finds_what_lies_open(tmp_path: Path) -> None:
    raw = " ".join(NAMES).encode("utf-16-le") + base64.urlsafe_b64encode(b"ab" + CROP)
    (tmp_path / "open").write_bytes(raw)
    secrets = {"names": list(spellings(NAMES[0])), "crops": list(in_base64(CROP[1000:1060]))}
    assert len(leaks(files_of(tmp_path), secrets)) == 2


def test_nothing_personal_is_readable_in_database_wal_and_all_other_files(
    book: Path, database: Database, tmp_path: Path
) -> None:
    secrets = fill(database)
    while_open = files_of(book)
    assert while_open["rollbook.db-wal"]
    assert leaks(while_open, secrets) == []
    copy = shutil.copytree(book, tmp_path / "copy")  # as a thief would, with the WAL
    assert leaks(files_of(copy), secrets) == []
    keeper = RegisterKeeper(database.uow, FixedClock(ARRIVAL))
    with database.uow() as uow:
        (session,) = uow.sessions.all()
    keeper.close_session(session.session_id)
    assert leaks(files_of(book), secrets) == []
    database.close()
    assert leaks(files_of(book), secrets) == []


def test_a_person_in_a_mark_is_not_even_their_random_id(book: Path, database: Database) -> None:
    group, (ada,) = make_class(database.uow, ["Ada"])
    database.close()
    before = files_of(book)["rollbook.db"].count(ada.subject_id.encode())
    keeper = RegisterKeeper(database.uow, FixedClock(NOW))
    ends_at = NOW + timedelta(hours=1)
    session = keeper.open_session(group.group_id, NOW, ends_at, business_date=NOW.date())
    keeper.sight(session.session_id, ada.subject_id, NOW, Method.FACE)
    database.close()
    assert files_of(book)["rollbook.db"].count(ada.subject_id.encode()) == before


def test_single_marks_do_not_tell_by_their_size_what_they_say(database: Database) -> None:
    group, (ada,) = make_class(database.uow, ["Ada"])
    keeper = RegisterKeeper(database.uow, FixedClock(NOW))
    ends_at = NOW + timedelta(hours=1)
    session = keeper.open_session(group.group_id, NOW, ends_at, business_date=NOW.date())
    for status in Status:
        keeper.mark_by_hand(session.session_id, ada.subject_id, status, None, "teacher")
    from sqlalchemy import func, select

    from rollbook.storage.tables import ledger

    with database.engine.connect() as connection:
        query = select(func.length(ledger.c.payload)).where(ledger.c.kind == "mark")
        assert len(set(connection.execute(query).scalars())) == 1


SWAPS = {
    "profiles": (subjects, "subject_id", "profile"),
    "keys": (subject_keys, "subject_id", "wrapped"),
    "consents": (consents, "subject_id", "payload"),
    "templates": (samples, "subject_id", "template"),
    "sample details": (samples, "subject_id", "details"),
    "crops": (samples, "subject_id", "crop"),
    "group names": (groups, "group_id", "name"),
}


@pytest.mark.parametrize("what", SWAPS)
def test_sealed_payloads_of_two_rows_cannot_change_places(database: Database, what: str) -> None:
    table, key, column = SWAPS[what]
    _, people = make_class(database.uow, ["Ada", "Bob"], agreed=False)
    make_class(database.uow, [], "8b")
    with database.uow() as uow:
        for seed, person in enumerate(people):
            uow.consents.add(make_consent(person.subject_id))
            uow.references.add(make_reference(person.subject_id, seed))
        uow.commit()
        uow.subjects.all()  # what is remembered must not hide the swap
    with database.engine.begin() as connection:
        (one, first), (two, second) = connection.execute(
            table.select().with_only_columns(table.c[key], table.c[column])
        ).all()
        connection.execute(table.update().where(table.c[key] == one).values({column: second}))
        connection.execute(table.update().where(table.c[key] == two).values({column: first}))
    with database.uow() as uow, pytest.raises(DecryptionFailed):
        uow.subjects.all()
        uow.groups.all()
        for person in people:
            uow.subjects.get(person.subject_id)
            uow.consents.of(person.subject_id)
            uow.references.of(person.subject_id)


def test_two_samples_of_one_person_cannot_change_places(database: Database) -> None:
    ada = make_subject()
    with database.uow() as uow:
        uow.subjects.add(ada)
        for seed in (1, 2):
            uow.references.add(make_reference(ada.subject_id, seed))
        uow.commit()
    with database.engine.begin() as connection:
        (one, first), (two, second) = connection.execute(
            samples.select().with_only_columns(samples.c.number, samples.c.template)
        ).all()
        for number, template in ((one, second), (two, first)):
            changed = samples.update().where(samples.c.number == number)
            connection.execute(changed.values(template=template))
    with database.uow() as uow, pytest.raises(DecryptionFailed):
        uow.references.of(ada.subject_id)


def test_a_template_cannot_be_passed_off_as_one_of_another_embedder(database: Database) -> None:
    ada = make_subject()
    sample = make_reference(ada.subject_id)
    with database.uow() as uow:
        uow.subjects.add(ada)
        uow.references.add(sample)
        uow.commit()
    other = replace(sample.template.space, version="ffffffffffff")
    with database.engine.begin() as connection:
        connection.execute(samples.update().values(space=str(other)))
    with database.uow() as uow, pytest.raises(DecryptionFailed):
        uow.references.templates(other)


def test_a_session_that_was_moved_by_hand_is_refused(database: Database) -> None:
    from sqlalchemy import text

    from rollbook.errors import RegisterTampered

    group, _ = make_class(database.uow, ["Ada"])
    keeper = RegisterKeeper(database.uow, FixedClock(NOW))
    ends_at = NOW + timedelta(hours=1)
    session = keeper.open_session(group.group_id, NOW, ends_at, business_date=NOW.date())
    with database.uow() as uow:
        assert uow.sessions.get(session.session_id) == session, "and it is remembered"
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE sessions SET starts_at = starts_at - 3600000000"))
    with database.uow() as uow, pytest.raises(RegisterTampered, match="session"):
        uow.sessions.get(session.session_id)
