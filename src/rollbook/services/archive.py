"""An archive of photographs as it was uploaded: looked through, checked, and never unpacked.

Files are read from the archive one at a time and never written anywhere, so that a path in it can
lead nowhere. What an archive says about itself may be a lie, so each reading is bounded too.
"""

from __future__ import annotations

import hashlib
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from rollbook.domain.enrolment import IntakeRefusal
from rollbook.domain.files import BytesFile
from rollbook.domain.subjects import EnrolmentRefused, clean_name
from rollbook.errors import InvalidInput, UnreadableImage
from rollbook.services.folders import FolderPlan, PersonFolder, intake_refused, without_doubles

MEGABYTE = 1024 * 1024
LARGEST_ARCHIVE = 4 * 1024 * MEGABYTE  # bytes, as it is uploaded
LARGEST_FILE = 64 * MEGABYTE  # of one photograph
LARGEST_WHOLE = 16 * 1024 * MEGABYTE  # of everything, once it is unpacked
LARGEST_LIST = 64 * MEGABYTE  # of the archive's own list of files
MOST_FILES = 200_000
DENSEST = 200  # times smaller than its content; photographs hardly get smaller at all
SHOWN = 80  # characters of a path that are shown
ENCRYPTED, UTF8 = 0x1, 0x800  # flags of an entry
TABLES = (".csv", ".tsv")
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, OSError,
          RuntimeError, ValueError, OverflowError)  # fmt: skip
NOT_AN_ARCHIVE = "The file is not a ZIP archive that can be opened. Make it anew and try again."


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive."""

    parts: tuple[str, ...]  # folders and name
    info: zipfile.ZipInfo = field(repr=False)

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def suffix(self) -> str:
        return f".{self.name.rpartition('.')[2].lower()}" if "." in self.name else ""


class PhotoArchive:
    """A ZIP archive that was looked through; threads may read from it at the same time."""

    def __init__(self, stream: BytesFile, check: Callable[[], None] = lambda: None) -> None:
        """`check` is called before each reading, and may raise to end the work.

        Raises:
            InvalidInput: it is no archive, has a password, or would burst memory or disk.
        """
        self._check = check
        _refuse_huge_list(stream)
        try:
            stream.seek(0)
            self._zip = zipfile.ZipFile(stream)
        except BROKEN as error:
            raise InvalidInput(NOT_AN_ARCHIVE) from error
        self.refused: list[EnrolmentRefused] = []
        self.members: dict[tuple[str, ...], Member] = {}
        self._look_through(self._zip.infolist())

    def read(self, member: Member, limit: int = LARGEST_FILE) -> bytes:
        """Return a file's bytes.

        Raises:
            UnreadableImage: it is damaged, or larger than the archive says.
        """
        self._check()
        try:
            with self._zip.open(member.info) as stream:
                data = stream.read(limit + 1)
        except BROKEN as error:
            raise UnreadableImage(
                "%(name)s is damaged in the archive. Make the archive anew.", name=member.name
            ) from error
        if len(data) > limit:
            raise UnreadableImage("%(name)s is too large to open safely.", name=member.name)
        return data

    def table(self) -> Member | None:
        """Return the only table in the archive, or None when there is none.

        Raises:
            InvalidInput: there are several.
        """
        found = [member for member in self.members.values() if member.suffix in TABLES]
        if len(found) > 1:
            raise InvalidInput("There are several tables in the archive. Leave one of them in it.")
        return found[0] if found else None

    def _look_through(self, infos: list[zipfile.ZipInfo]) -> None:
        if len(infos) > MOST_FILES:
            raise InvalidInput("There are more than %(count)s files in it.", count=MOST_FILES)
        if sum(info.file_size for info in infos) > LARGEST_WHOLE:
            raise InvalidInput("Unpacked the archive would be too large. Split it.")
        if any(info.flag_bits & ENCRYPTED for info in infos):
            raise InvalidInput("The archive has a password. Make one without, and try again.")
        for info in infos:
            if info.filename and not info.is_dir():  # which fails where there is no name
                self._take(info)

    def _take(self, info: zipfile.ZipInfo) -> None:
        name = _name_of(info)
        parts = tuple(part for part in name.replace("\\", "/").split("/") if part not in {"", "."})
        if not parts or any(part.startswith(".") and part != ".." for part in parts):
            return  # hidden files of the system that made the archive
        if "__MACOSX" in parts:
            return
        why = _suspicious(name, parts, info)
        if why is None and parts in self.members:
            why = IntakeRefusal.SAME_NAME, "The archive has two files of this name."
        if why is not None:
            self.refused.append(intake_refused(shown(parts), *why))
            return
        self.members[parts] = Member(parts, info)


@dataclass(frozen=True, slots=True)
class ArchivedPicture:
    """A photograph in an archive."""

    archive: PhotoArchive = field(repr=False, compare=False)
    member: Member

    @property
    def name(self) -> str:
        return shown((self.member.name,))

    def digest(self) -> str:
        return hashlib.sha256(self.content()).hexdigest()

    def content(self) -> bytes:
        return self.archive.read(self.member)


def plan_archive(archive: PhotoArchive, suffixes: frozenset[str]) -> FolderPlan:
    """Return who is in an archive: a folder or a picture for each person.

    One folder around everything is passed over.
    """
    refused = list(archive.refused)
    files: dict[str, list[Member]] = {}
    for parts, member in _unwrapped(archive).items():
        if member.suffix in suffixes:
            label = parts[0] if len(parts) > 1 else parts[0].rpartition(".")[0]
            files.setdefault(label, []).append(member)
    people: list[PersonFolder] = []
    for label in sorted(files):
        pictures = (ArchivedPicture(archive, one) for one in _by_path(files[label]))
        person = _person(label, tuple(pictures))
        if isinstance(person, PersonFolder):
            people.append(person)
        else:
            refused.append(person)
    return without_doubles(people, refused)


def find_photo(
    archive: PhotoArchive | None, beside: tuple[str, ...], photo: str
) -> ArchivedPicture:
    """Return the photograph that a line of a table names: beside the table, or anywhere.

    Raises:
        InvalidInput: there is none, or several fit.
    """
    if archive is None:
        raise InvalidInput("Upload the archive with the photographs as well.")
    parts = tuple(part for part in photo.replace("\\", "/").split("/") if part not in {"", "."})
    for place in (*beside, *parts), parts:
        if place in archive.members:
            return ArchivedPicture(archive, archive.members[place])
    same = [one for one in archive.members.values() if parts and one.name == parts[-1]]
    if len(same) == 1:
        return ArchivedPicture(archive, same[0])
    if same:
        raise InvalidInput("There are several files %(photo)r in the archive.", photo=photo[:SHOWN])
    raise InvalidInput("There is no file %(photo)r in the archive.", photo=photo[:SHOWN])


def shown(parts: tuple[str, ...]) -> str:
    """Return a path as it is shown, cut to a length, without what could confuse."""
    text = "".join(sign if sign.isprintable() else "?" for sign in "/".join(parts))
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _person(label: str, pictures: tuple[ArchivedPicture, ...]) -> PersonFolder | EnrolmentRefused:
    try:
        return PersonFolder(clean_name(label), pictures)
    except InvalidInput as error:
        return intake_refused(shown((label,)), IntakeRefusal.BAD_NAME, str(error))


def _by_path(members: list[Member]) -> list[Member]:
    return sorted(members, key=lambda member: member.parts)


def _unwrapped(archive: PhotoArchive) -> dict[tuple[str, ...], Member]:
    """Return the files without a folder around all of them, when it holds folders itself."""
    members = archive.members
    tops = {parts[0] for parts in members if len(parts) > 1}
    loose = any(len(parts) == 1 for parts in members)
    if len(tops) != 1 or loose or not any(len(parts) > 2 for parts in members):
        return members
    return {parts[1:]: member for parts, member in members.items()}


def _suspicious(
    name: str, parts: tuple[str, ...], info: zipfile.ZipInfo
) -> tuple[IntakeRefusal, str] | None:
    """Return why a file is not taken, or None."""
    absolute = name.startswith(("/", "\\")) or (len(name) > 1 and name[1] == ":")
    if absolute or ".." in parts:
        return IntakeRefusal.OUTSIDE, "Its path leads out of the archive."
    if stat.S_ISLNK(info.external_attr >> 16):
        return IntakeRefusal.OUTSIDE, "It is a link, and those are not followed."
    if info.file_size > LARGEST_FILE:
        return IntakeRefusal.BAD_NAME, "The file is too large to open safely."
    if info.file_size > MEGABYTE and info.file_size > DENSEST * max(1, info.compress_size):
        return IntakeRefusal.BAD_NAME, "The file unpacks to far more than it should."
    return None


def _name_of(info: zipfile.ZipInfo) -> str:
    """Return a file's name; many programs write UTF-8 and do not say so."""
    if info.flag_bits & UTF8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _refuse_huge_list(stream: BytesFile) -> None:
    """Look at the end of the archive: its list of files is read as a whole, so it must be small.

    Raises:
        InvalidInput: there is no such end, or the list is too large.
    """
    size = stream.seek(0, 2)
    stream.seek(max(0, size - 70_000))
    tail = stream.read(70_000)
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22:
        raise InvalidInput(NOT_AN_ARCHIVE)
    listed = struct.unpack_from("<I", tail, end + 12)[0]
    large = tail.rfind(b"PK\x06\x06", 0, end)
    if large >= 0 and len(tail) >= large + 56:
        listed = struct.unpack_from("<Q", tail, large + 40)[0]
    if listed > LARGEST_LIST:
        raise InvalidInput("There are more than %(count)s files in it.", count=MOST_FILES)
