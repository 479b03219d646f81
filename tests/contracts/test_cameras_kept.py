"""Cameras in the database: sealed as a whole, and run by one process at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from rollbook.domain.attendance import Direction
from rollbook.domain.camera_ports import SiteCamera
from rollbook.domain.subjects import new_id
from rollbook.errors import NotFound
from rollbook.storage.database import Database
from rollbook.storage.tables import cameras
from rollbook.testing import START

SECRET = "rtsp://ada:secret@10.0.0.5/live"
LEASE = timedelta(seconds=30)


def door(name: str = "Front door") -> SiteCamera:
    return SiteCamera(new_id(), name, SECRET, "rtsp://10.0.0.5/live", "Hall", frozenset({"g1"}))


def kept(database: Database, camera: SiteCamera) -> SiteCamera:
    with database.uow() as uow:
        uow.cameras.add(camera)
        uow.commit()
    return camera


def test_there_are_no_cameras_at_first(database: Database) -> None:
    with database.uow() as uow:
        assert uow.cameras.all() == []
        assert uow.cameras.held_until(new_id()) is None
        with pytest.raises(NotFound):
            uow.cameras.get(new_id())


def test_a_camera_comes_back_as_it_was_kept_and_changed(database: Database) -> None:
    camera = kept(database, door("Zebra"))
    other = kept(database, door("Aula"))
    changed = replace(camera, direction=Direction.OUT, enabled=False, group_ids=frozenset())
    with database.uow() as uow:
        assert uow.cameras.all() == [other, camera]
        uow.cameras.update(changed)
        uow.commit()
    with database.uow() as uow:
        assert uow.cameras.get(camera.camera_id) == changed
        uow.cameras.remove(camera.camera_id)
        uow.commit()
    with database.uow() as uow:
        assert uow.cameras.all() == [other]
        for refused in (uow.cameras.remove, uow.cameras.get):
            with pytest.raises(NotFound):
                refused(camera.camera_id)
        with pytest.raises(NotFound):
            uow.cameras.update(camera)


def test_nothing_of_a_camera_can_be_read_in_the_table(database: Database) -> None:
    kept(database, door())
    with database.engine.connect() as connection:
        (row,) = connection.execute(select(cameras)).all()
    for word in (b"secret", b"Front", b"Hall", b"10.0.0.5"):
        assert word not in bytes(row.payload)
    assert "secret" not in repr(door())


def test_one_process_holds_a_camera_until_its_lease_ends(database: Database) -> None:
    camera_id = kept(database, door()).camera_id
    first, second = START + LEASE, START + 2 * LEASE
    with database.uow() as uow:
        assert uow.cameras.claim(camera_id, START, first)
        uow.commit()
    with database.uow() as uow:
        assert not uow.cameras.claim(camera_id, START, second)
        assert uow.cameras.renew(camera_id, first, second)
        assert not uow.cameras.renew(camera_id, first, second + LEASE)
        assert not uow.cameras.claim(camera_id, first, second + LEASE)
        uow.commit()
    with database.uow() as uow:
        assert uow.cameras.held_until(camera_id) == second
        assert uow.cameras.claim(camera_id, second, second + LEASE)  # the holder fell silent
        uow.cameras.release(camera_id, second)  # and comes back too late
        assert not uow.cameras.claim(camera_id, second, second + 2 * LEASE)
        uow.cameras.release(camera_id, second + LEASE)
        assert uow.cameras.claim(camera_id, second, second + 2 * LEASE)
        uow.commit()
