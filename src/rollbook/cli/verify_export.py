"""`rollbook verify-export`: whether a file is what a site handed out. Needs no installation."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Annotated

import typer

from rollbook.cli import common
from rollbook.domain.anchors import fingerprint, read_public_key
from rollbook.domain.manifests import (
    LONGEST,
    SUFFIX,
    ManifestCheck,
    check_manifest,
    read_manifest,
)
from rollbook.errors import InvalidInput, StorageUnavailable

PIECE = 1 << 20  # bytes
Found = Mapping[str, tuple[int, bytes]]


def verify_export(
    file: Annotated[
        Path,
        typer.Argument(
            help=f"The file, with its {SUFFIX} beside it; the manifest; or the ZIP of both.",
            metavar="FILE",
        ),
    ],
    public_key: Annotated[
        Path | None,
        typer.Option("--public-key", help="The site's public key, got from it (PEM)."),
    ] = None,
    as_json: common.JsonOption = False,
) -> None:
    """Check that an export is what the site signed; exit 1 when it is not."""
    trusted = None if public_key is None else read_public_key(_read(public_key))
    manifest, found = _gathered(file)
    from rollbook.storage.signing import is_signed

    checked = check_manifest(read_manifest(manifest), found, is_signed, trusted)
    if as_json:
        common.print_json(_told(checked))
    else:
        for sentence in checked.sentences:
            (common.say if checked.holds else common.warn)(sentence)
    if not checked.holds:
        raise typer.Exit(1)


def _gathered(file: Path) -> tuple[bytes, Found]:
    """Return the manifest and what is known of the files that lie beside it."""
    packed = _packed(file) if _is_package(file) else None
    if packed is not None:
        return packed
    if file.name.endswith(SUFFIX):
        data = file.with_name(file.name.removesuffix(SUFFIX))
        names = [file.with_name(one.name) for one in read_manifest(_read(file)).files]
        return _read(file), {one.name: _digest(one) for one in {data, *names} if one.is_file()}
    found = {file.name: _digest(file)}
    manifest = file.with_name(file.name + SUFFIX)
    if not manifest.is_file():
        raise InvalidInput(
            f"{manifest} is not there. It belongs beside the file: ask for it where the file came "
            "from, or give the ZIP file that holds both."
        )
    return _read(manifest), found


def _is_package(file: Path) -> bool:
    """Return whether this is a ZIP file by name too: one can hide behind the end of a PDF."""
    return file.suffix.lower() == ".zip" and zipfile.is_zipfile(file)


def _packed(file: Path) -> tuple[bytes, Found] | None:
    """Return what a ZIP file holds, or None when no manifest is in it.

    Raises:
        InvalidInput: it is damaged, or holds a folder or one name twice, so that another file may
            be unpacked than is checked.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            manifests = [name for name in names if name.endswith(SUFFIX)]
            if not manifests:
                return None
            if len(set(names)) < len(names) or any(set(name) & set("/\\:") for name in names):
                raise InvalidInput(
                    f"{file} holds a folder, or two files of one name, and was not made like this. "
                    "Unpack it, and check the file that you want to use."
                )
            with archive.open(manifests[0]) as stream:
                manifest = stream.read(LONGEST + 1)
            found = {}
            for name in names:
                if name != manifests[0]:
                    with archive.open(name) as stream:
                        found[name] = _digest_of(stream)
            return manifest, found
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        # zipfile says so of what is damaged, cut, packed in another way, or locked
        raise InvalidInput(f"{file} is damaged: it cannot be unpacked.") from error
    except OSError as error:
        raise _unreadable(file, error) from error


def _digest(file: Path) -> tuple[int, bytes]:
    try:
        with file.open("rb") as stream:
            return _digest_of(stream)
    except OSError as error:
        raise _unreadable(file, error) from error


def _digest_of(stream: IO[bytes]) -> tuple[int, bytes]:
    """Return size and SHA-256."""
    digest, size = hashlib.sha256(), 0
    while piece := stream.read(PIECE):
        digest.update(piece)
        size += len(piece)
    return size, digest.digest()


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(LONGEST + 1)
    except OSError as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: OSError) -> StorageUnavailable:
    return StorageUnavailable(f"{file} cannot be read: {error.strerror}.")


def _told(checked: ManifestCheck) -> dict[str, object]:
    found = checked.manifest
    return {
        "holds": checked.holds,
        "state": checked.state.value,
        "what": " ".join(checked.sentences),
        "site": found.site,
        "period": found.period,
        "made_at": found.made_at.isoformat(),
        "entries": found.number,
        "fingerprint": fingerprint(found.public_key),
        "key_given": checked.key_given,
        "files": [one.name for one in found.files],
    }


def commands(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("verify-export")(verify_export)
