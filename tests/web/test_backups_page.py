"""The page of backups: destinations, schedule, runs, and a task that makes one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from web.school import Site

ClientOf = Callable[[str | None], FlaskClient]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "disk"


def test_the_page_says_plainly_that_there_are_no_backups(client_of: ClientOf, site: Site) -> None:
    page = client_of("alice").get("/safety")
    assert page.status_code == 200 and "There are no backups" in page.text
    assert "Without it no backup opens" in page.text
    site.parts.escrow.note("test", "0000-0000-0000")
    assert "Without it no backup opens" not in client_of("alice").get("/safety").text


def test_only_administrators_see_it(client_of: ClientOf) -> None:
    assert client_of("bob").get("/safety").status_code == 403
    assert client_of("dora").get("/safety").status_code == 403


def test_a_destination_is_tried_before_it_is_added(
    client_of: ClientOf, site: Site, folder: Path
) -> None:
    alice = client_of("alice")
    refused = alice.post("/safety/destinations", data={"url": str(folder / "no" / "such")})
    assert refused.status_code == 422 and "is not there" in refused.text
    assert site.parts.backups.destinations() == []
    added = alice.post("/safety/destinations", data={"url": str(folder)})
    assert added.status_code == 303 and folder.is_dir() and list(folder.iterdir()) == []
    again = alice.post("/safety/destinations", data={"url": str(folder)})
    assert again.status_code == 422 and "already" in again.text


def test_a_backup_is_made_by_a_task_and_shown(
    client_of: ClientOf, site: Site, folder: Path
) -> None:
    alice = client_of("alice")
    alice.post("/safety/destinations", data={"url": str(folder)})
    alice.post("/safety/backup")
    alice.post("/safety/backup")  # two clicks are one backup
    assert alice.get("/safety/backup/state").get_json()["over"] is False
    assert "A backup is being made" in alice.get("/safety").text
    assert site.parts.tasks.run_one() and not site.parts.tasks.run_one()
    page = alice.get("/safety").text
    assert "read back whole" in page and len(list(folder.glob("rollbook-*.rbk"))) == 1
    assert "made a backup of" in client_of("dora").get("/audit").text


def test_a_failure_is_told_with_what_to_do(client_of: ClientOf, site: Site, folder: Path) -> None:
    alice = client_of("alice")
    alice.post("/safety/destinations", data={"url": str(folder)})
    folder.rmdir()
    alice.post("/safety/backup")
    site.parts.tasks.run_one()
    page = alice.get("/safety").text
    assert "failed" in page and "Plug the disk in" in page
    tried = alice.post(
        f"/safety/destinations/{site.parts.backups.destinations()[0].destination_id}/test",
        follow_redirects=True,
    )
    assert "Plug the disk in" in tried.text


def test_time_and_number_are_kept(client_of: ClientOf, site: Site) -> None:
    alice = client_of("alice")
    assert alice.post("/safety/schedule", data={"wall": "03:15", "keep": "7"}).status_code == 303
    assert (site.parts.backups.schedule(), site.parts.backups.keep()) == ("03:15", 7)
    for wrong in ({"wall": "soon", "keep": "7"}, {"wall": "03:15", "keep": "x"}):
        assert alice.post("/safety/schedule", data=wrong).status_code == 422
    alice.post("/safety/schedule", data={"wall": "", "keep": "7"})
    assert site.parts.backups.schedule() is None


def test_a_destination_goes_and_what_lies_there_stays(
    client_of: ClientOf, site: Site, folder: Path
) -> None:
    alice = client_of("alice")
    alice.post("/safety/destinations", data={"url": str(folder)})
    site.parts.backups.back_up("test", lambda done, total: None)
    (one,) = site.parts.backups.destinations()
    alice.post(f"/safety/destinations/{one.destination_id}/remove")
    assert site.parts.backups.destinations() == [] and list(folder.glob("rollbook-*.rbk"))
