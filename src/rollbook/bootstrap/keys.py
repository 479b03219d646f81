"""Where this installation's site key comes from."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable
from functools import lru_cache, partial
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING

from rollbook.errors import ConfigurationError, RollbookError

if TYPE_CHECKING:
    from rollbook.domain.key_safety import KeyPlace, KeySafety, SheetMade
    from rollbook.settings import Settings
    from rollbook.storage.key_lock import HomeKeySource
    from rollbook.storage.keys import KeySource

MOST = 4096  # bytes of a passphrase
ANSWER_KEPT, FAILURE_KEPT = 600.0, 60.0  # seconds that what a command said is remembered


@lru_cache(maxsize=8)
def key_source(settings: Settings) -> KeySource:
    """Return the source that the settings name; the same one in the whole process."""
    from rollbook.storage import key_sources

    if settings.site_key is not None:
        return key_sources.EnvironmentKeySource(settings.site_key.get_secret_value())
    if settings.site_key_file is not None:
        return key_sources.GivenFileKeySource(settings.site_key_file)
    if settings.key_command is not None:
        return key_sources.CommandKeySource(settings.key_command)
    if settings.key_source == "keyring":
        return key_sources.KeyringKeySource(settings.home)
    return home_key_source(settings)


def home_key_source(settings: Settings) -> HomeKeySource:
    """Return the file in `keys/`, whatever the settings name."""
    from rollbook.storage.key_lock import HomeKeySource

    return HomeKeySource(settings.keys_dir, partial(passphrase, settings))


def key_place(settings: Settings) -> KeyPlace:
    """Return where the site key is, as the settings and the folder of keys say."""
    from rollbook.domain.key_safety import KeyPlace
    from rollbook.storage.key_lock import is_locked

    if settings.site_key is not None:
        return KeyPlace.ENVIRONMENT
    if settings.site_key_file is not None:
        return KeyPlace.GIVEN_FILE
    if settings.key_command is not None:
        return KeyPlace.COMMAND
    if settings.key_source == "keyring":
        return KeyPlace.KEYRING
    if not is_locked(settings.keys_dir):
        return KeyPlace.FILE
    given = settings.passphrase_file is not None or settings.passphrase_fd is not None
    return KeyPlace.LOCKED_GIVEN if given else KeyPlace.LOCKED


class CommandAnswer:
    """The check value of the key that a command prints, remembered for some minutes.

    The command may ask a server, or a person, and is not run for each look at a page.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = monotonic) -> None:
        self._source = key_source(settings)
        self._clock = clock
        self._lock = Lock()
        self._said: str | RollbookError = ""
        self._until = 0.0

    def key_id(self) -> str:
        """Return it. Raises RollbookError when the command failed, just now or a moment ago."""
        with self._lock:
            if self._clock() >= self._until:
                self._said, kept = self._asked()
                self._until = self._clock() + kept
            if isinstance(self._said, RollbookError):
                raise self._said
            return self._said

    def _asked(self) -> tuple[str | RollbookError, float]:
        from rollbook.storage.backup.keying import key_id

        try:
            return key_id(self._source.load()[0]), ANSWER_KEPT
        except RollbookError as error:
            return error, FAILURE_KEPT


@lru_cache(maxsize=8)
def _answer(settings: Settings) -> CommandAnswer:
    return CommandAnswer(settings)


def key_safety(settings: Settings, sheet: SheetMade | None) -> KeySafety:
    """Return the case of this site; `sheet` is the last one that was made, of whichever key.

    Raises:
        RollbookError: the key cannot be loaded.
    """
    from rollbook.domain.key_safety import KeyPlace, KeySafety
    from rollbook.storage.backup.keying import key_id

    source = key_source(settings)
    by_command = key_place(settings) is KeyPlace.COMMAND
    present = _answer(settings).key_id() if by_command else key_id(source.load()[0])
    others, passphrase_too = _readable_by_others(settings)
    problems = [*others, *passphrase_too, *left_over(settings)]
    known = sheet if sheet is not None and sheet.key_id == present else None
    former = None if known else sheet
    place = key_place(settings)
    return KeySafety(place, source.describe(), present, known, problems, bool(others), former)


def _readable_by_others(settings: Settings) -> tuple[list[str], list[str]]:
    """Return sentences about the key and about the passphrase, where others can read them."""
    from rollbook.storage.keys import exposed, exposed_file

    file, words = settings.site_key_file, settings.passphrase_file
    key = [exposed(settings.keys_dir), exposed_file(file) if file is not None else None]
    passphrase = exposed_file(words) if words is not None else None
    return [said for said in key if said], [passphrase] if passphrase else []


def left_over(settings: Settings) -> list[str]:
    """Return sentences about plain keys that lie where the chosen case does not need them."""
    from rollbook.domain.key_safety import PROBLEMS, KeyPlace
    from rollbook.storage.key_lock import is_locked
    from rollbook.storage.keys import site_key_file

    plain, place = site_key_file(settings.keys_dir), key_place(settings)
    if place is KeyPlace.FILE:
        return []
    locked = place in (KeyPlace.LOCKED, KeyPlace.LOCKED_GIVEN)
    problem = PROBLEMS["plain" if locked else "needless"]
    found = [plain] if plain.exists() else []
    if not locked and is_locked(settings.keys_dir):
        found.append(settings.keys_dir / "site.key.locked")
    found += sorted((settings.home / "backups").glob("*/keys/site.key"))
    return [problem % {"file": file} for file in found]


def passphrase(settings: Settings, prompt: str = "Passphrase of the site key: ") -> str:
    """Return the passphrase from where the settings say, or ask at the terminal.

    Raises:
        ConfigurationError: there is neither.
    """
    if (given := given_passphrase(settings)) is not None:
        return given
    if not sys.stdin or not sys.stdin.isatty():
        raise ConfigurationError(
            "The site key is locked with a passphrase, and nobody can be asked here. Start "
            "Rollbook in a terminal, or name a file with it: ROLLBOOK_PASSPHRASE_FILE"
        )
    return getpass.getpass(prompt)


def given_passphrase(settings: Settings) -> str | None:
    """Return the first line of the file or descriptor that the settings name, or None."""
    try:
        if settings.passphrase_file is not None:
            with settings.passphrase_file.open("rb") as stream:
                return _first_line(stream.read(MOST))
        if settings.passphrase_fd is not None:
            with os.fdopen(settings.passphrase_fd, "rb") as stream:
                return _first_line(stream.read(MOST))
    except OSError as error:
        raise ConfigurationError(
            f"The passphrase cannot be read from where ROLLBOOK_PASSPHRASE_FILE or "
            f"ROLLBOOK_PASSPHRASE_FD says: {error.strerror}."
        ) from error
    return None


def _first_line(text: bytes) -> str:
    try:
        lines = text.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ConfigurationError("The file with the passphrase holds no UTF-8 text.") from error
    if not lines or not lines[0]:
        raise ConfigurationError("The file with the passphrase is empty.")
    return lines[0]
