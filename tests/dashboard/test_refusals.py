"""The page of recognition: what was refused and tried again, and who may see it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from rollbook.dashboard import charts, hosting
from rollbook.domain.access import Actor, Role
from rollbook.domain.camera_ports import SiteCamera
from rollbook.domain.subjects import new_id
from rollbook.domain.tallies import PHOTOGRAPHED, RETRY, WATCHED, Tally
from rollbook.services.devices import DevicePlan
from web.school import Site, make_site

ADMINISTRATOR = Actor("1", Role.ADMINISTRATOR, group_ids=None)
AUDITOR = Actor("1", Role.AUDITOR, group_ids=None)
MONDAY = date(2026, 3, 2)
WEEK = timedelta(weeks=1)
ONLY_ALL = "These are counts of the whole site, for those who see all groups."


@pytest.fixture(scope="module")
def school(blank_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return a school with a camera and a kiosk, where nobody was marked and some were refused."""
    made = make_site(Path(shutil.copytree(blank_home, tmp_path_factory.mktemp("health") / "book")))
    camera, gone = new_id(), new_id()
    kiosk = made.parts.devices.add(DevicePlan("Tablet in the hall"), "test").device.device_id
    with made.parts.uow() as uow:
        uow.cameras.add(SiteCamera(camera, "Front door", "0", "0"))
        uow.tallies.add(
            {
                Tally(MONDAY, camera, "too_dark"): 7,
                Tally(MONDAY - WEEK, camera, "too_dark"): 2,
                Tally(MONDAY - 2 * WEEK, gone, "blurred"): 1,
                Tally(MONDAY, kiosk, "pin_wrong"): 3,
                Tally(MONDAY, kiosk, RETRY): 11,
                Tally(MONDAY, PHOTOGRAPHED, "below_threshold"): 4,
                Tally(MONDAY - 30 * WEEK, WATCHED, "tilted"): 50,
            }
        )
        uow.commit()
    return made


@pytest.fixture
def site(school: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(hosting, "_host", [])
    yield school


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, pd.DataFrame]:
    """Return title -> rows of the files that the page offers."""
    offered: dict[str, pd.DataFrame] = {}
    real = charts.download

    def download(rows: pd.DataFrame, title: str) -> None:
        offered[title] = rows
        real(rows, title)

    monkeypatch.setattr(charts, "download", download)
    return offered


def opened(site: Site, actor: Actor, language: str = "en", **asked: str) -> AppTest:
    visitor = hosting.Visitor(actor, language)
    hosting.become(hosting.Host(site.parts, lambda: visitor))
    page = AppTest.from_file(hosting.SCRIPT, default_timeout=60)
    page._page_hash = calc_hash("recognition")  # there is no public name for pages without a file
    page.query_params.update(asked)
    page.run()
    assert not page.exception, page.exception
    return page


def plain(rows: pd.DataFrame) -> list[list[Any]]:
    return [list(row) for row in rows.itertuples(index=False)]


def test_refusals_are_shown_by_reason_week_and_place(
    site: Site, files: dict[str, pd.DataFrame]
) -> None:
    page = opened(site, ADMINISTRATOR)
    assert any("Nobody arrived" in one.value for one in page.info)  # and yet:
    assert plain(files["Refusals by reason"]) == [
        ["The face is too dark", 9],
        ["Nobody known", 4],
        ["The PIN was wrong", 3],
        ["The picture is blurred", 1],
    ]
    weeks = ["2026-02-16", "2026-02-23", "2026-03-02"]
    assert plain(files["Refusals by reason, by week"]) == [
        [weeks[1], "The face is too dark", 2],
        [weeks[2], "The face is too dark", 7],
        [weeks[2], "Nobody known", 4],
        [weeks[2], "The PIN was wrong", 3],
        [weeks[0], "The picture is blurred", 1],
    ]
    assert plain(files["Retries by week"]) == [[weeks[0], 0], [weeks[1], 0], [weeks[2], 11]]
    assert sorted(plain(files["Where it was"])) == [
        ["Front door", 9, 0],
        ["Tablet in the hall", 3, 11],
        ["another camera or kiosk", 1, 0],
        ["class photograph", 4, 0],
    ]
    assert len(page.get("vega_lite_chart") or page.get("arrow_vega_lite_chart")) == 3


def test_the_chosen_days_are_shown_and_many_of_them_by_month(
    site: Site, files: dict[str, pd.DataFrame]
) -> None:
    opened(site, ADMINISTRATOR, period="52w")
    assert plain(files["Refusals by reason"])[0] == ["The head is tilted", 50]
    months = files["Refusals by reason, by month"]
    assert set(months["Days"]) == {"2025-08-01", "2026-02-01", "2026-03-01"}
    retries = files["Retries by month"]
    assert list(retries["Days"])[:2] == ["2025-08-01", "2025-09-01"] and len(retries) == 8
    files.clear()
    page = opened(site, ADMINISTRATOR, period="own", **{"from": "2026-02-01", "to": "2026-02-08"})
    assert files == {} or set(files) == {"Cameras"}
    assert any("In these days nothing was refused" in one.value for one in page.info)


def test_an_auditor_sees_them_without_names_of_cameras_and_kiosks(
    site: Site, files: dict[str, pd.DataFrame]
) -> None:
    opened(site, AUDITOR)
    assert plain(files["Refusals by reason"])[0] == ["The face is too dark", 9]
    places = plain(files["Where it was"])
    assert places == [["another camera or kiosk", 13, 11], ["class photograph", 4, 0]]


def test_who_sees_some_groups_sees_nothing_of_the_whole_site(
    site: Site, files: dict[str, pd.DataFrame]
) -> None:
    bob = Actor("1", Role.FACULTY, group_ids=frozenset({site.group.group_id}))
    page = opened(site, bob)
    assert ONLY_ALL in [one.value for one in page.info]
    assert not [title for title in files if "Refusals" in title or "Retries" in title]


def test_reasons_are_told_in_the_language_of_the_page(
    site: Site, files: dict[str, pd.DataFrame]
) -> None:
    page = opened(site, ADMINISTRATOR, "de")
    assert [row[0] for row in plain(files["Ablehnungen nach Grund"])] == [
        "Das Gesicht ist zu dunkel",
        "Niemand, der hier bekannt ist",
        "Die PIN war falsch",
        "Das Bild ist unscharf",
    ]
    shown = [one.value for one in (*page.header, *page.caption)]
    assert "Ablehnungen und neue Versuche" in shown
    assert not [one for one in shown if "Refus" in one or "Retr" in one]
