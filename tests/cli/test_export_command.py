"""`rollbook export` and `rollbook decrypt`, as a person types them."""

from __future__ import annotations

import errno
import io
import json
import os
import stat
import warnings
import zipfile
from datetime import date, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader
from typer.testing import CliRunner, Result

from rollbook.bootstrap import build
from rollbook.cli.main import app
from rollbook.cli.output_files import whole_file
from rollbook.domain.attendance import Method, plan_session
from rollbook.domain.subjects import Group, Membership, Subject
from rollbook.errors import AlreadyExists, InvalidInput, StorageUnavailable
from rollbook.settings import load_settings


@pytest.fixture
def folder(book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working folder, with a home that holds one lesson of April 2025."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("ROLLBOOK_HOME", str(book))
    parts = build(load_settings(book))
    with parts.uow() as uow:
        uow.site.set("time_zone", "Europe/Berlin")
        uow.groups.add(Group("g", "8A"))
        uow.subjects.add(Subject("ada", "=Ada"))
        uow.groups.join(Membership("g", "ada", date(2025, 1, 1)))
        uow.commit()
    zone = ZoneInfo("Europe/Berlin")
    starts_at, ends_at, day = plan_session(date(2025, 4, 1), time(8), time(9), zone)
    session = parts.register.open_session("g", starts_at, ends_at, business_date=day)
    parts.register.sight(session.session_id, "ada", starts_at, Method.FACE)
    parts.database.close()
    return work


def rollbook(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("kind", ["csv", "xlsx", "pdf"])
def test_export_writes_the_month_into_this_folder(folder: Path, kind: str) -> None:
    done = rollbook("export", "--month", "2025-04", "--format", kind)
    assert done.exit_code == 0, done.output
    assert done.stdout == (f"Wrote Attendance_2025-04.{kind}: 1 group, 1 session, 1 person.\n")
    assert names(folder) == [f"Attendance_2025-04.{kind}"]
    start = {"csv": b"\xef\xbb\xbfdate", "xlsx": b"PK", "pdf": b"%PDF"}[kind]
    assert (folder / f"Attendance_2025-04.{kind}").read_bytes().startswith(start)


def test_export_can_speak_json_and_replaces_an_older_file_whole(folder: Path) -> None:
    target = folder / "out.csv"
    target.write_text("x" * 100_000)
    done = rollbook("export", "--month", "2025-04", "--format", "csv", "--out", "out.csv", "--json")
    assert json.loads(done.stdout) == {
        "file": "out.csv",
        "month": "2025-04",
        "format": "csv",
        "encrypted": False,
        "replaced": True,
        "groups": 1,
        "sessions": 1,
        "people": 1,
        "rows": 1,
        "invented": False,
    }
    text = target.read_text("utf-8-sig")
    assert "'=Ada" in text and "xxx" not in text
    if os.name == "posix":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_an_empty_month_is_a_file_that_says_so(folder: Path) -> None:
    done = rollbook("export", "--month", "2024-02", "--format", "pdf", "--group", "8A")
    assert done.exit_code == 0
    assert "no sessions in February 2024" in done.stdout
    reader = PdfReader(io.BytesIO((folder / "Attendance_2024-02.pdf").read_bytes()))
    assert "There were no sessions in February 2024." in reader.pages[0].extract_text()


def test_a_sealed_export_comes_back_byte_for_byte(folder: Path) -> None:
    made = rollbook("export", "--month", "2025-04", "--format", "csv", "--encrypt")
    assert made.exit_code == 0
    sealed = (folder / "Attendance_2025-04.csv.enc").read_bytes()
    assert sealed.startswith(b"ROLLBOOK EXPORT 1\n") and b"'=Ada" not in sealed
    opened = rollbook("decrypt", "Attendance_2025-04.csv.enc")
    assert opened.exit_code == 0, opened.output
    assert "=Ada" in (folder / "Attendance_2025-04.csv").read_text("utf-8-sig")


def test_decrypt_never_overwrites_silently(folder: Path) -> None:
    rollbook("export", "--month", "2025-04", "--format", "csv", "--encrypt")
    target = folder / "Attendance_2025-04.csv"
    target.write_text("mine")
    refused = rollbook("decrypt", "Attendance_2025-04.csv.enc")
    assert (refused.exit_code, target.read_text()) == (1, "mine")
    assert "is there already" in refused.stderr
    assert rollbook("decrypt", "Attendance_2025-04.csv.enc", "--force").exit_code == 0
    assert target.read_text("utf-8-sig").startswith("date,")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a file that Rollbook encrypted"),
        (b"date,name\n", "not a file that Rollbook encrypted"),
        (b"ROLLBOOK EXPORT 1\ngAAAAAA", "damaged, or another Rollbook"),
        (b"ROLLBOOK EXPORT 1\n\xff\xfe", "damaged, or another Rollbook"),
    ],
)
def test_other_files_are_refused_in_one_sentence_and_nothing_is_written(
    folder: Path, content: bytes, said: str
) -> None:
    (folder / "some.csv.enc").write_bytes(content)
    done = rollbook("decrypt", "some.csv.enc")
    assert done.exit_code == 1
    assert said in done.stderr and done.stderr.count("\n") == 1
    assert names(folder) == ["some.csv.enc"]


def test_a_file_of_another_installation_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollbook("export", "--month", "2025-04", "--format", "csv", "--encrypt")
    other = tmp_path / "other"
    build(load_settings(other), create=True).database.close()
    monkeypatch.setenv("ROLLBOOK_HOME", str(other))
    done = rollbook("decrypt", "Attendance_2025-04.csv.enc")
    assert done.exit_code == 1 and "another Rollbook" in done.stderr
    assert names(folder) == ["Attendance_2025-04.csv.enc"]


def test_decrypt_needs_a_name_it_can_write(folder: Path) -> None:
    (folder / "sealed").write_bytes(b"x")
    done = rollbook("decrypt", "sealed")
    assert done.exit_code == 1 and "give --out" in done.stderr
    missing = rollbook("decrypt", "missing.enc")
    assert missing.exit_code == 1 and "cannot be read" in missing.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--month", "2025-13", "--format", "csv"), 2, "2025-04"),
        (("--month", "2025-04", "--format", "docx"), 2, "docx"),
        (("--format", "csv"), 2, "--month"),
        (("--month", "2025-04", "--format", "csv", "--group", "9Z"), 1, "no group called 9Z"),
        (("--month", "2025-04", "--format", "csv", "--out", "no/such.csv"), 1, "cannot be written"),
    ],
)
def test_wrong_usage_and_refusals_have_their_exit_codes(
    folder: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = rollbook("export", *arguments)
    assert (done.exit_code, said in done.stderr) == (code, True), done.output
    assert names(folder) == []


def test_a_folder_as_out_takes_the_usual_name(folder: Path) -> None:
    (folder / "april").mkdir()
    rollbook("export", "--month", "2025-04", "--format", "csv", "--out", "april")
    assert names(folder / "april") == ["Attendance_2025-04.csv"]


def test_a_place_that_cannot_be_written_notes_no_export(folder: Path) -> None:
    rollbook("export", "--month", "2025-04", "--format", "csv", "--out", "no/such.csv")
    with build(load_settings()).uow() as uow:
        assert uow.register.entries(["export"]) == []


# --- files, whole or not at all -----------------------------------------------------------------


def test_a_full_disk_leaves_the_older_file_and_no_half_one(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with (
        pytest.raises(StorageUnavailable, match="No space left"),
        whole_file(target, replace=True) as file,
    ):
        file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert (names(tmp_path), target.read_text()) == (["file"], "old")


def test_an_error_of_the_block_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput), whole_file(tmp_path / "file", replace=True) as file:
        file.write(b"half")
        raise InvalidInput("no")
    assert names(tmp_path) == []


def test_a_file_that_is_there_and_a_folder_are_refused(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(AlreadyExists), whole_file(target, replace=False):
        pytest.fail("the block must not run")
    with pytest.raises(InvalidInput, match="is a folder"), whole_file(tmp_path, replace=True):
        pytest.fail("the block must not run")


def site_key(folder: Path) -> Path:
    done = rollbook("anchor", "--key-out", "site.pem", "--out", "a.json", "--force")
    assert done.exit_code == 0, done.output
    return folder / "site.pem"


def test_a_signed_export_is_checked_without_any_installation(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = rollbook("export", "--month", "2025-04", "--format", "csv", "--sign")
    assert made.exit_code == 0 and "verify-export" in made.stdout
    file, manifest = "Attendance_2025-04.csv", "Attendance_2025-04.csv.manifest.json"
    key = site_key(folder)
    monkeypatch.setenv("ROLLBOOK_HOME", str(folder / "nothing here"))
    for given in (file, manifest):
        plain = rollbook("verify-export", given)
        assert plain.exit_code == 0 and "compare the fingerprint" in plain.stdout
        known = rollbook("verify-export", given, "--public-key", str(key))
        assert known.exit_code == 0 and "the public key you gave" in known.stdout
    with zipfile.ZipFile(folder / "both.zip", "w") as archive:
        archive.write(folder / file, file)
        archive.write(folder / manifest, manifest)
    told = json.loads(rollbook("verify-export", "both.zip", "--json").stdout)
    assert (told["holds"], told["state"], told["files"]) == (True, "holds", [file])


def test_a_changed_forged_or_foreign_export_is_told_plainly(folder: Path) -> None:
    from rollbook.domain.anchors import public_key_text
    from rollbook.storage.signing import SiteSigner

    rollbook("export", "--month", "2025-04", "--format", "csv", "--sign", "--out", "x.csv")
    data, manifest = folder / "x.csv", folder / "x.csv.manifest.json"
    whole, text = data.read_bytes(), manifest.read_text()
    other = folder / "other.pem"
    other.write_text(public_key_text(SiteSigner(b"1" * 32).public_key))
    foreign = rollbook("verify-export", "x.csv", "--public-key", str(other))
    assert foreign.exit_code == 1 and "another site" in foreign.output
    data.write_bytes(whole.replace(b"Ada", b"Eve"))
    changed = rollbook("verify-export", "x.csv")
    assert changed.exit_code == 1 and "changed afterwards" in changed.output
    data.write_bytes(whole)
    manifest.write_text(text.replace('"2025-04"', '"2025-05"'))
    forged = rollbook("verify-export", "x.csv")
    assert forged.exit_code == 1 and "does not hold" in forged.output
    manifest.write_text("{}")
    assert rollbook("verify-export", "x.csv").exit_code == 1
    manifest.unlink()
    alone = rollbook("verify-export", "x.csv")
    assert alone.exit_code == 1 and "belongs beside the file" in alone.output


def test_a_package_shows_no_other_file_than_is_checked(folder: Path) -> None:
    rollbook("export", "--month", "2025-04", "--format", "csv", "--sign", "--out", "x.csv")
    whole, manifest = (folder / "x.csv").read_bytes(), folder / "x.csv.manifest.json"
    altered, text = whole.replace(b"Ada", b"Eve"), manifest.read_bytes()
    hidden = [("x.csv", altered), ("a/x.csv", whole)], [("x.csv", altered), ("x.csv", whole)]
    for files in hidden:
        with zipfile.ZipFile(folder / "both.zip", "w") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a name that comes twice
            for name, data in (*files, (manifest.name, text)):
                archive.writestr(name, data)
        told = rollbook("verify-export", "both.zip")
        assert told.exit_code == 1 and "two files of one name" in told.output
    with zipfile.ZipFile(folder / "good.zip", "w") as archive:
        archive.writestr("x.csv", whole)
        archive.writestr(manifest.name, text)
    (folder / "x.csv").write_bytes(altered + (folder / "good.zip").read_bytes())
    behind = rollbook("verify-export", "x.csv")
    assert behind.exit_code == 1 and "changed afterwards" in behind.output


def test_a_package_that_is_damaged_is_told_in_a_sentence(folder: Path) -> None:
    rollbook("export", "--month", "2025-04", "--format", "csv", "--sign", "--out", "x.csv")
    with zipfile.ZipFile(folder / "both.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "x.csv", "x.csv")
        archive.write(folder / "x.csv.manifest.json", "x.csv.manifest.json")
    data = bytearray((folder / "both.zip").read_bytes())
    start = 30 + len("x.csv")
    data[start : start + 8] = b"\xff" * 8
    (folder / "both.zip").write_bytes(data)
    told = rollbook("verify-export", "both.zip")
    assert told.exit_code == 1 and "it cannot be unpacked" in told.output


def test_a_recipient_opens_a_file_with_their_passphrase_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "words").write_text("four words without sense\n")
    (folder / "wrong").write_text("other words without sense\n")
    words = ("--passphrase-file", "words")
    made = rollbook("export", "--month", "2025-04", "--format", "csv", "--sign", *words)
    assert made.exit_code == 0, made.output
    sealed = folder / "Attendance_2025-04.csv.enc"
    assert sealed.read_bytes().startswith(b"ROLLBOOK PASSPHRASE FILE 1\n")
    assert b"'=Ada" not in sealed.read_bytes()
    monkeypatch.setenv("ROLLBOOK_HOME", str(folder / "nothing here"))
    assert rollbook("verify-export", sealed.name).exit_code == 0
    wrong = rollbook("decrypt", sealed.name, "--passphrase-file", "wrong")
    assert wrong.exit_code == 1 and "does not open with this passphrase" in wrong.output
    assert not (folder / "Attendance_2025-04.csv").exists()
    opened = rollbook("decrypt", sealed.name, *words)
    assert opened.exit_code == 0, opened.output
    assert "=Ada" in (folder / "Attendance_2025-04.csv").read_text("utf-8-sig")
    sealed.write_bytes(sealed.read_bytes()[:-1])
    cut = rollbook("decrypt", sealed.name, "--force", *words)
    assert cut.exit_code == 1 and "damaged" in cut.output


def test_other_days_a_term_and_one_person_are_exported(folder: Path) -> None:
    parts = build(load_settings(Path(os.environ["ROLLBOOK_HOME"])))
    parts.calendars.add_term("Spring", date(2025, 3, 1), date(2025, 6, 30), by="office")
    parts.database.close()
    term = rollbook("export", "--term", "spring", "--format", "csv", "--person", "=Ada")
    assert term.exit_code == 0, term.output
    assert names(folder) == ["Attendance_2025-03-01_2025-06-30.csv"]
    days = ("--from", "2025-04-02", "--to", "2025-04-03")
    none = rollbook("export", *days, "--format", "pdf")
    assert "there were no sessions in 2025-04-02 to 2025-04-03" in none.output
    for odd in ((), ("--month", "2025-04", "--term", "Spring"), ("--from", "2025-04-02")):
        assert rollbook("export", *odd, "--format", "csv").exit_code == 2
    unknown = rollbook("export", "--term", "Autumn", "--format", "csv")
    assert unknown.exit_code == 1 and "There are: Spring" in unknown.output


@pytest.mark.parametrize("kind", ["csv", "xlsx", "pdf"])
def test_hours_are_exported_under_a_name_of_their_own(folder: Path, kind: str) -> None:
    parts = build(load_settings(Path(os.environ["ROLLBOOK_HOME"])))
    with parts.uow() as uow:
        (held,) = uow.sessions.all()
    parts.register.sight(held.session_id, "ada", held.starts_at, Method.PIN)
    parts.database.close()
    done = rollbook("export", "--month", "2025-04", "--format", kind, "--hours")
    assert done.exit_code == 0, done.output
    assert names(folder) == [f"Hours_2025-04.{kind}"]
    if kind == "csv":
        assert "in 08:00" in (folder / "Hours_2025-04.csv").read_text("utf-8-sig")


def first_page(data: bytes) -> str:
    return " ".join(PdfReader(io.BytesIO(data)).pages[0].extract_text().split())


def test_a_report_speaks_the_language_that_is_asked_for_else_the_sites(
    folder: Path, book: Path
) -> None:
    month = ("export", "--month", "2025-04", "--format", "pdf")
    file = folder / "Attendance_2025-04.pdf"
    assert rollbook(*month, "--lang", "de").exit_code == 0
    assert "Anwesenheitsbuch" in first_page(file.read_bytes())
    assert rollbook(*month).exit_code == 0
    assert "Attendance register" in first_page(file.read_bytes())
    parts = build(load_settings(book))
    parts.site.change("test", language="de")
    parts.database.close()
    assert rollbook(*month).exit_code == 0
    assert "Anwesenheitsbuch" in first_page(file.read_bytes())
    assert rollbook(*month, "--lang", "xx").exit_code == 2


@pytest.mark.parametrize("way", ["key", "passphrase"])
def test_a_german_report_is_signed_sealed_checked_and_opened(folder: Path, way: str) -> None:
    (folder / "words").write_text("four words without sense")
    passphrase = ("--passphrase-file", "words") if way == "passphrase" else ()
    sealed = passphrase or ("--encrypt",)
    month = ("export", "--month", "2025-04", "--format", "pdf")
    made = rollbook(*month, "--lang", "de", "--sign", *sealed)
    assert made.exit_code == 0, made.output
    name = "Attendance_2025-04.pdf.enc"
    assert rollbook("verify-export", name).exit_code == 0
    opened = rollbook("decrypt", name, *passphrase)
    assert opened.exit_code == 0, opened.output
    assert "Anwesenheitsbuch" in first_page((folder / "Attendance_2025-04.pdf").read_bytes())


@pytest.mark.parametrize("name", ["a:b.csv", "a\nb.csv"])
def test_a_name_that_no_manifest_can_hold_is_refused_before_anything_is_written(
    folder: Path, name: str
) -> None:
    made = rollbook(
        "export", "--month", "2025-04", "--format", "csv", "--sign", "--out", str(folder / name)
    )
    assert made.exit_code == 1 and "needs a name that every system can use" in made.output
    assert names(folder) == []


def test_a_file_whose_manifest_cannot_be_written_is_not_left_alone(folder: Path) -> None:
    path = folder / "a.csv"
    path.with_name("a.csv.manifest.json").mkdir()
    made = rollbook("export", "--month", "2025-04", "--format", "csv", "--sign", "--out", str(path))
    assert made.exit_code == 1 and "a.csv.manifest.json is a folder" in made.output
    assert names(folder) == ["a.csv.manifest.json"]
