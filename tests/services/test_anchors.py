"""Anchors: made, kept, and compared with a register that was changed by somebody with the keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from builders import NOW
from rollbook.domain.anchors import Anchor, AnchorState, read_anchor
from rollbook.domain.receipts import ReceiptKind
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.witness import WitnessState
from rollbook.errors import InvalidInput, RegisterTampered, StorageUnavailable
from rollbook.services.anchors import Anchors, keeper
from rollbook.services.due import Errand
from rollbook.services.losses import Losses
from rollbook.storage.anchor_files import write_anchor
from rollbook.storage.database import Database
from rollbook.storage.signing import SiteSigner, is_signed
from rollbook.testing import FixedClock


@pytest.fixture
def anchors(database: Database) -> Anchors:
    return Anchors(database.uow, FixedClock(NOW), is_signed)


def append(database: Database, count: int) -> None:
    with database.uow() as uow:
        for n in range(count):
            uow.register.append(NewEntry(EntryKind.SETTING, {"event": "x", "n": n}))
        uow.commit()


def test_an_anchor_vouches_for_what_was_there(anchors: Anchors, database: Database) -> None:
    append(database, 3)
    anchor = anchors.make("somebody")
    assert (anchor.number, anchor.at) == (3, NOW)
    append(database, 2)
    found = anchors.check(anchor)
    assert (found.state, found.entries, found.uncovered) == (AnchorState.HOLDS, 6, 3)
    assert [one.number for one in anchors.made()] == [3]
    with database.uow() as uow:
        note = uow.register.entries([EntryKind.TRUST])[0]
    assert (note.number, note.body["event"], note.body["by"]) == (4, "anchor made", "somebody")


def test_a_register_that_was_cut_or_written_anew_with_the_keys_is_found(
    anchors: Anchors, database: Database
) -> None:
    append(database, 3)
    anchor = anchors.make("somebody")
    with database.engine.begin() as connection:  # with all keys: nothing else finds this
        connection.execute(text("DELETE FROM ledger"))
        start = bytes(32)
        mac = database.ring.register.digest(b"head:0:" + start)
        head = {"link": start, "mac": mac}
        connection.execute(text("UPDATE heads SET number=0, link=:link, mac=:mac"), head)
    database.reset_witness()
    assert anchors.check(anchor).state is AnchorState.SHORTER
    append(database, 4)
    with database.uow() as uow:
        assert uow.register.verify().holds
    database.reset_witness()
    found = anchors.check(anchor)
    assert found.state is AnchorState.HOLDS  # the very same entries
    with database.engine.begin() as connection:
        connection.execute(text("DELETE FROM ledger"))
        connection.execute(text("UPDATE heads SET number=0, link=:link, mac=:mac"), head)
    database.reset_witness()
    with database.uow() as uow:
        for n in range(4):
            uow.register.append(NewEntry(EntryKind.SETTING, {"event": "forged", "n": n}))
        uow.commit()
    with database.uow() as uow:
        assert uow.register.verify().holds
    assert anchors.check(anchor).state is AnchorState.CHANGED


def test_forged_and_foreign_anchors_prove_nothing(anchors: Anchors, database: Database) -> None:
    append(database, 3)
    anchor = anchors.make("somebody")
    for forged in (
        replace(anchor, number=2),
        replace(anchor, link=b"x" * 32),
        replace(anchor, at=NOW - timedelta(days=1)),
        replace(anchor, signature=b"s" * 64),
        replace(anchor, public_key=b"k" * 32),
    ):
        assert anchors.check(forged).state is AnchorState.FORGED
    other = SiteSigner(b"o" * 32)
    foreign = replace(anchor, public_key=other.public_key)
    foreign = replace(foreign, signature=other.sign("anchor", foreign.message))
    assert anchors.check(foreign).state is AnchorState.OTHER_SITE
    assert anchors.check(anchor, other.public_key).state is AnchorState.OTHER_SITE
    receipt = replace(anchor, signature=other.sign("receipt", foreign.message))
    assert anchors.check(receipt).state is AnchorState.FORGED


def test_an_anchor_of_a_later_time_is_told(anchors: Anchors, database: Database) -> None:
    later = Anchors(database.uow, FixedClock(NOW + timedelta(days=2)), is_signed)
    assert anchors.check(later.make("somebody")).is_early
    assert not later.check(later.make("somebody")).is_early


def errand(database: Database) -> Errand:
    return Errand("site", NOW, NOW, lambda uow: None)


def test_one_is_kept_each_day_on_which_something_happened(
    anchors: Anchors, database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "exports" / "anchors"
    keep = keeper(folder, write_anchor)
    append(database, 2)
    anchors.make_when_due(errand(database), keep)
    anchors.make_when_due(errand(database), keep)  # nothing but the anchor's own entry came
    (file,) = folder.iterdir()
    assert file.name == "anchor-2026-03-02-080000-entry-2.json"
    assert anchors.check(read_anchor(file.read_bytes())).holds
    append(database, 1)
    anchors.make_when_due(errand(database), keep)
    assert len(list(folder.iterdir())) == 2


def test_an_anchor_that_cannot_be_kept_is_not_told_of(
    anchors: Anchors, database: Database, tmp_path: Path
) -> None:
    append(database, 1)
    (tmp_path / "file").touch()
    with pytest.raises(StorageUnavailable, match="anchor cannot be written"):
        anchors.make("somebody", keeper(tmp_path / "file", write_anchor))
    assert anchors.made() == []


def lose(database: Database, count: int) -> None:
    """Cut the end as a restore of an old file does: the head goes back with it."""
    with database.engine.begin() as connection:
        row = connection.execute(text("SELECT number FROM heads")).scalar_one()
        kept = {"number": row - count}
        link = connection.execute(
            text("SELECT link FROM ledger WHERE number = :number"), kept
        ).scalar_one()
        mac = database.ring.register.digest(b"head:%d:" % kept["number"] + link)
        connection.execute(text("DELETE FROM ledger WHERE number > :number"), kept)
        head = {**kept, "link": link, "mac": mac}
        connection.execute(text("UPDATE heads SET number=:number, link=:link, mac=:mac"), head)


def test_a_loss_is_accepted_with_an_entry_and_a_receipt(database: Database) -> None:
    append(database, 5)
    lose(database, 3)
    with pytest.raises(RegisterTampered, match="ends with entry 2, but it had 5"):
        append(database, 1)
    losses = Losses(database.uow, FixedClock(NOW))
    for reason in ("", "  ", "x" * 201):
        with pytest.raises(InvalidInput, match="Say why"):
            losses.accept(reason, "admin")
    before, receipt = losses.accept("the disk broke", "admin")
    assert (before.state, before.entries, before.witnessed) == (WitnessState.BEHIND, 2, 5)
    append(database, 1)
    with database.uow() as uow:
        assert uow.register.verify().holds
        note = uow.register.entries([EntryKind.TRUST])[0]
        assert uow.receipts.all([ReceiptKind.LOSS]) == [receipt]
    assert (note.number, note.body["entries"], note.body["witnessed"]) == (3, 2, 5)
    assert note.body["reason"] == "the disk broke"
    with pytest.raises(InvalidInput, match="Nothing is lost"):
        losses.accept("again", "admin")


def test_no_loss_is_accepted_where_the_rest_does_not_hold(database: Database) -> None:
    append(database, 5)
    lose(database, 1)
    with database.engine.begin() as connection:
        connection.execute(text("DELETE FROM ledger WHERE number = 2"))
    with pytest.raises(RegisterTampered, match="Entry 2 was removed"):
        Losses(database.uow, FixedClock(NOW)).accept("why", "admin")


def test_no_anchor_is_made_of_a_register_that_was_cut(database: Database, anchors: Anchors) -> None:
    append(database, 5)
    lose(database, 1)
    with pytest.raises(RegisterTampered):
        anchors.make("somebody")


def test_the_text_of_an_anchor_names_nobody(anchors: Anchors) -> None:
    kept: list[tuple[Anchor, str]] = []
    anchors.make("Ada Lovelace", lambda anchor, text: kept.append((anchor, text)))
    assert "Ada" not in kept[0][1]
    assert read_anchor(kept[0][1].encode()) == kept[0][0]
