"""What the environment may say, and what is said when it cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollbook.errors import ConfigurationError
from rollbook.settings import default_home, load_settings


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBOOK_HOME", "")
    monkeypatch.setenv("ROLLBOOK_THREADS", "")
    settings = load_settings()
    assert settings.home == default_home()  # and not the folder that somebody happens to be in
    assert settings.threads is None


def test_a_home_whose_path_would_be_cut_in_the_database_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"ROLLBOOK_HOME.*question mark"):
        load_settings(tmp_path / "what?" / "home")


def test_a_home_with_other_odd_signs_holds_its_database(tmp_path: Path) -> None:
    from rollbook.storage.database import Database

    settings = load_settings(tmp_path / "100% #1 ünï 😀")
    opened = Database.open(settings.resolved_database_url, keys_dir=settings.keys_dir, create=True)
    opened.close()
    assert (settings.home / "rollbook.db").is_file()
    assert [found.name for found in tmp_path.iterdir()] == [settings.home.name]


@pytest.mark.parametrize("value", ["abc", "0", "nan", "1"])
def test_a_value_that_is_not_allowed_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("ROLLBOOK_TARGET_FPIR", value)
    with pytest.raises(ConfigurationError, match="ROLLBOOK_TARGET_FPIR"):
        load_settings()
