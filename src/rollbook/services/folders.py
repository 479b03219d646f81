"""A folder of people: which files belong to whom, without opening any of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rollbook.domain.enrolment import INTAKE_TEXT, IntakeRefusal
from rollbook.domain.subjects import EnrolmentRefused, clean_name
from rollbook.errors import InvalidInput
from rollbook.services.pictures import LocalPicture, PictureFile


@dataclass(frozen=True, slots=True)
class PersonFolder:
    """One person's name and files, sorted by name."""

    name: str  # as it is kept
    files: tuple[PictureFile, ...]
    refused: tuple[EnrolmentRefused, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class FolderPlan:
    """What a folder holds, and what of it is refused from the start."""

    people: tuple[PersonFolder, ...]
    refused: tuple[EnrolmentRefused, ...]


def plan_folder(folder: Path, suffixes: frozenset[str]) -> FolderPlan:
    """Read `DIR/<name>/*.jpg` and `DIR/<name>.jpg`; hidden entries are passed over.

    Names are compared as they are kept, so that two ways to write one letter are one name.
    Links that lead out of the folder are refused.

    Raises:
        InvalidInput: there is no such folder, or it cannot be read.
    """
    root = _root(folder)
    people: list[PersonFolder] = []
    refusals: list[EnrolmentRefused] = []
    for entry in _visible(root, suffixes):
        found = _person(entry, root, suffixes)
        if isinstance(found, PersonFolder):
            people.append(found)
        else:
            refusals.append(found)
    return without_doubles(people, refusals)


def without_doubles(
    people: Sequence[PersonFolder], refusals: Sequence[EnrolmentRefused]
) -> FolderPlan:
    """Return the plan; of several people with one name none is taken."""
    times = Counter(person.name for person in people)
    single = tuple(person for person in people if times[person.name] == 1)
    doubles = (
        intake_refused(person.name, IntakeRefusal.SAME_NAME)
        for person in people
        if times[person.name] > 1
    )
    return FolderPlan(single, (*refusals, *doubles))


def intake_refused(what: str, code: IntakeRefusal, sentence: str = "") -> EnrolmentRefused:
    return EnrolmentRefused(what, code.value, sentence or INTAKE_TEXT[code])


def _root(folder: Path) -> Path:
    try:
        root = folder.expanduser().resolve(strict=True)
    except OSError as error:
        raise InvalidInput("There is no folder %(folder)s.", folder=folder) from error
    if not root.is_dir():
        raise InvalidInput(
            "%(folder)s is not a folder; give the one that holds a folder a person.", folder=folder
        )
    return root


def _visible(folder: Path, suffixes: frozenset[str]) -> Iterator[Path]:
    """Yield sub-folders and pictures in the order of their names."""
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        raise InvalidInput(
            "%(folder)s cannot be read: %(reason)s.", folder=folder, reason=error.strerror
        ) from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.suffix.lower() in suffixes or entry.is_dir():
            yield entry


def _person(entry: Path, root: Path, suffixes: frozenset[str]) -> PersonFolder | EnrolmentRefused:
    if not _inside(entry, root):
        return intake_refused(entry.name, IntakeRefusal.OUTSIDE)
    single = not entry.is_dir()
    try:
        name = clean_name(entry.stem if single else entry.name)
    except InvalidInput as error:
        return intake_refused(entry.name, IntakeRefusal.BAD_NAME, str(error))
    if single:
        return PersonFolder(name, (LocalPicture(entry),))
    return _pictures(name, entry, root, suffixes)


def _pictures(
    name: str, folder: Path, root: Path, suffixes: frozenset[str]
) -> PersonFolder | EnrolmentRefused:
    try:
        files = [file for file in _visible(folder, suffixes) if not file.is_dir()]
    except InvalidInput as error:
        return intake_refused(name, IntakeRefusal.NO_PICTURES, str(error))
    inside = tuple(LocalPicture(file) for file in files if _inside(file, root))
    outside = tuple(
        intake_refused(f"{name}/{file.name}", IntakeRefusal.OUTSIDE)
        for file in files
        if LocalPicture(file) not in inside
    )
    if not files:
        return intake_refused(name, IntakeRefusal.NO_PICTURES)
    return PersonFolder(name, inside, outside)


def _inside(entry: Path, root: Path) -> bool:
    """Return whether the entry lies in the folder once all links are followed."""
    try:
        return entry.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):  # a link to nowhere, or in a circle
        return False
