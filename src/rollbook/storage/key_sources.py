"""Where else than in `keys/` the site key may be: system keyring, environment, a command."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from cryptography.fernet import Fernet

from rollbook.errors import ConfigurationError, DecryptionFailed, NotFound, StorageUnavailable
from rollbook.extras import how_to_add
from rollbook.storage.keys import parse_site_keys

COMMAND_TIME = 60.0  # seconds: somebody may have to touch a token
SERVICE = "rollbook"


@dataclass(frozen=True)
class EnvironmentKeySource:
    """The value of `ROLLBOOK_SITE_KEY`."""

    text: str = field(repr=False)

    def load(self) -> Sequence[bytes]:
        return _parsed(self.text.encode(), "ROLLBOOK_SITE_KEY")

    def store(self, keys: Sequence[bytes]) -> None:
        _require_given(self, keys)

    def create(self) -> None:
        self.load()

    def describe(self) -> str:
        return "the environment (ROLLBOOK_SITE_KEY)"


@dataclass(frozen=True)
class GivenFileKeySource:
    """The file of `ROLLBOOK_SITE_KEY_FILE`; never written, since it may not outlive a start."""

    file: Path

    def load(self) -> Sequence[bytes]:
        try:
            text = self.file.read_bytes()
        except FileNotFoundError as error:
            raise NotFound(
                "The key %(file)s, which ROLLBOOK_SITE_KEY_FILE names, is not there. Nothing "
                "was changed.",
                file=self.file,
            ) from error
        except OSError as error:
            raise StorageUnavailable(
                "The key %(file)s cannot be read: %(reason)s.",
                file=self.file,
                reason=error.strerror,
            ) from error
        return _parsed(text, str(self.file))

    def store(self, keys: Sequence[bytes]) -> None:
        _require_given(self, keys)

    def create(self) -> None:
        self.load()

    def describe(self) -> str:
        return f"{self.file} (ROLLBOOK_SITE_KEY_FILE)"


@dataclass(frozen=True)
class CommandKeySource:
    """What a command prints; it is run without a shell, and its other output is not shown."""

    command: str
    timeout: float = COMMAND_TIME  # seconds

    def load(self) -> Sequence[bytes]:
        words = shlex.split(self.command, posix=os.name != "nt")
        if not words:
            raise ConfigurationError("The setting ROLLBOOK_KEY_COMMAND is empty.")
        try:
            done = subprocess.run(  # noqa: S603 - the administrator's own command, no shell
                [word.strip('"') for word in words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=self.timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise _command_failed(f"took longer than {self.timeout:g} seconds") from error
        except OSError as error:
            raise _command_failed(f"cannot be run: {error.strerror}") from error
        if done.returncode != 0:
            raise _command_failed(f"ended with code {done.returncode}")
        return _parsed(done.stdout, "what the command of ROLLBOOK_KEY_COMMAND printed")

    def store(self, keys: Sequence[bytes]) -> None:
        _require_given(self, keys)

    def create(self) -> None:
        self.load()

    def describe(self) -> str:
        return "a command (ROLLBOOK_KEY_COMMAND)"


@dataclass(frozen=True)
class KeyringKeySource:
    """The system's keyring: Windows Credential Manager, macOS Keychain, Secret Service, KWallet."""

    home: Path  # its path is the entry's name, so that two homes have two keys

    def load(self) -> Sequence[bytes]:
        text = self._asked("get_password")
        if text is None:
            raise NotFound(
                "The system keyring holds no key of Rollbook for %(home)s. Put it there with: "
                "rollbook keys move keyring. Nothing was changed.",
                home=self.home,
            )
        return _parsed(str(text).encode(), "the entry in the system keyring")

    def store(self, keys: Sequence[bytes]) -> None:
        self._asked("set_password", b" ".join(keys).decode())
        if list(self.load()) != list(keys):
            raise StorageUnavailable("The system keyring did not keep the key.")

    def create(self) -> None:
        try:
            self.load()
        except NotFound:
            self.store([Fernet.generate_key()])

    def describe(self) -> str:
        return f"the system keyring ({SERVICE}, {self._name})"

    @property
    def _name(self) -> str:
        return str(self.home.absolute())

    def _asked(self, function: str, *values: str) -> object:
        keyring = _keyring()
        try:
            return getattr(keyring, function)(SERVICE, self._name, *values)
        except keyring.errors.KeyringError as error:
            why = type(error).__name__
            raise StorageUnavailable(
                "The system keyring cannot be used (%(why)s). A service without a desktop has "
                "none that is open: lock the key with a passphrase instead.",
                why=why,
            ) from error


def _keyring() -> ModuleType:
    try:
        import keyring
        import keyring.errors
    except ImportError as error:
        raise ConfigurationError(
            "ROLLBOOK_KEY_SOURCE is keyring, which needs an extra: %(command)s",
            command=how_to_add("keyring"),
        ) from error
    return keyring


def _parsed(text: bytes, where: str) -> list[bytes]:
    try:
        return parse_site_keys(text)
    except ValueError as error:
        raise DecryptionFailed(
            "There is no site key in %(where)s: it has 44 characters. Nothing was changed.",
            where=where,
        ) from error


def _command_failed(why: str) -> StorageUnavailable:
    return StorageUnavailable(
        "The command of ROLLBOOK_KEY_COMMAND %(why)s, so there is no key. Try it in a terminal. "
        "Nothing was changed.",
        why=why,
    )


def _require_given(
    source: EnvironmentKeySource | GivenFileKeySource | CommandKeySource, keys: Sequence[bytes]
) -> None:
    """Accept keys that begin as those that are given: a person has put the new one in front."""
    if source.load()[0] != keys[0]:
        raise StorageUnavailable(
            "Rollbook cannot write to %(where)s. Make a key with `rollbook keys new FILE`, put "
            "it there in front of the present one with a blank between, and begin again.",
            where=source.describe(),
        )
