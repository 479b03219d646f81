"""Passphrases of files that are handed to others: typed, or from a file."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from rollbook.errors import InvalidInput, StorageUnavailable

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", metavar="FILE", help="Read the passphrase from this file's first line."
    ),
]


def new_passphrase(file: Path | None) -> str:
    """Return a passphrase that a file is to be sealed with; typed twice.

    Raises:
        InvalidInput: the two are not the same, or nobody can be asked.
        StorageUnavailable: the file cannot be read.
    """
    typed = typed_passphrase(file)
    if file is None and getpass.getpass("Once more: ") != typed:
        raise InvalidInput("The two are not the same. Nothing was written.")
    return typed


def typed_passphrase(file: Path | None) -> str:
    """Return the passphrase of a sealed file.

    Raises:
        InvalidInput: nobody can be asked, or the file is empty.
        StorageUnavailable: the file cannot be read.
    """
    if file is not None:
        return _first_line(file)
    if not sys.stdin.isatty():
        raise InvalidInput(
            "Nobody can be asked here for a passphrase. Use a terminal, or --passphrase-file FILE."
        )
    return getpass.getpass("Passphrase of the file: ")


def _first_line(file: Path) -> str:
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise StorageUnavailable(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file} is not a text file.") from error
    if not lines or not lines[0].strip():
        raise InvalidInput(f"{file} has no passphrase in its first line.")
    return lines[0]
