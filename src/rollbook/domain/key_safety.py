"""What the place of the site key means: against whom the data are safe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class KeyPlace(StrEnum):
    """Where the site key is while nobody uses it."""

    FILE = "file"  # plain, in keys/
    LOCKED = "passphrase"  # in keys/, under a passphrase that a person types
    LOCKED_GIVEN = (
        "given_passphrase"  # the same, but the passphrase comes from a file or descriptor
    )
    KEYRING = "keyring"
    ENVIRONMENT = "environment"
    GIVEN_FILE = "given_file"
    COMMAND = "command"


class Safety(StrEnum):
    """Whether the data stay unreadable."""

    SAFE = "safe"
    DEPENDS = "depends"
    UNSAFE = "unsafe"


class Attacker(StrEnum):
    """Who wants to read, and what they have."""

    COPIES = "copies"
    OTHER_USER = "other_user"
    MACHINE_OFF = "machine_off"
    MACHINE_ON = "machine_on"


ATTACKERS: Mapping[Attacker, str] = {
    Attacker.COPIES: "has copies of the data (a backup, the database, exports, logs)",
    Attacker.OTHER_USER: "has another account on this machine",
    Attacker.MACHINE_OFF: "steals the whole machine while it is switched off, or its disk",
    Attacker.MACHINE_ON: "steals or controls the machine while Rollbook runs on it",
}
SAFETIES: Mapping[Safety, str] = {
    Safety.SAFE: "reads nothing",
    Safety.DEPENDS: "it depends",
    Safety.UNSAFE: "reads everything",
}
PLACES: Mapping[KeyPlace, str] = {
    KeyPlace.FILE: "in a file beside the data",
    KeyPlace.LOCKED: "in a file beside the data, under a passphrase that is typed at each start",
    KeyPlace.LOCKED_GIVEN: "in a file beside the data, under a passphrase that another file gives",
    KeyPlace.KEYRING: "in the keyring of the system",
    KeyPlace.ENVIRONMENT: "in the environment that Rollbook is started with",
    KeyPlace.GIVEN_FILE: "in a file that the settings name",
    KeyPlace.COMMAND: "given by a command that the settings name",
}
# what somebody gets who has the machine, switched off
_MACHINE_OFF: Mapping[KeyPlace, tuple[Safety, str]] = {
    KeyPlace.FILE: (
        Safety.UNSAFE,
        "The key is on it. Encrypt the disk, or lock the key: rollbook keys lock",
    ),
    KeyPlace.LOCKED: (
        Safety.SAFE,
        "The passphrase is not on it. It is as safe as the passphrase is hard to guess.",
    ),
    KeyPlace.LOCKED_GIVEN: (
        Safety.DEPENDS,
        "Safe only where the passphrase is not kept on this machine, or a security chip holds it.",
    ),
    KeyPlace.KEYRING: (
        Safety.DEPENDS,
        "As safe as the password of the account, and not safe where it signs in by itself.",
    ),
    KeyPlace.ENVIRONMENT: (
        Safety.DEPENDS,
        "Safe only where the variable is set from elsewhere, not by a file on this machine.",
    ),
    KeyPlace.GIVEN_FILE: (
        Safety.DEPENDS,
        "Safe only where the file is not on this machine's disks.",
    ),
    KeyPlace.COMMAND: (
        Safety.DEPENDS,
        "Safe only where the command asks elsewhere, and can be refused after a theft.",
    ),
}
COPIES_SAFE = "The key is in none of them, not even in the folder keys/."
COPIES_FILE = (
    "Only as long as the folder keys/ is not copied with them; rollbook backup leaves it out."
)
USER_SAFE = "Only the account that runs Rollbook can read the key."
USER_UNSAFE = "The key can be read by others: see what is said about it here."
RUNNING = "While it runs the key is in its memory, wherever it came from."
# what is not as safe as it could be, each with the command that mends it
PROBLEMS: Mapping[str, str] = {
    "folder": "Others on this machine can read %(file)s. Run: chmod 700 %(folder)s",
    "file": "Others on this machine can read %(file)s. Run: chmod 600 %(file)s",
    "acl": "It is not certain that only you can read %(file)s. Look with: icacls %(file)s",
    "plain": "A site key lies in %(file)s as well. Run: rollbook keys lock",
    "needless": "A site key lies in %(file)s as well. Run: rollbook keys remove-file",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one attacker gets at this site, and why."""

    attacker: Attacker
    safety: Safety
    why: str

    @property
    def who(self) -> str:
        return ATTACKERS[self.attacker]


@dataclass(frozen=True, slots=True)
class SheetMade:
    """When a recovery sheet or shares were last made, and of which key."""

    key_id: str
    at: datetime
    needed: int = 1  # so many of
    of: int = 1


@dataclass(frozen=True, slots=True)
class KeySafety:
    """Where the site key is, and what follows."""

    place: KeyPlace
    where: str  # a path, or the name of what gives it
    key_id: str  # tells which key it is, and nothing of it
    sheet: SheetMade | None = None  # of the present key; None: there is none
    problems: Sequence[str] = ()  # sentences that say what to do
    exposed: bool = False  # other users can read it
    former: SheetMade | None = None  # where there is none of the present key: the last one made

    @property
    def sentence(self) -> str:
        """Return the case in words, to go on after "The site key is"."""
        return PLACES[self.place]

    @property
    def attacks(self) -> list[Verdict]:
        """Return what each attacker gets, the weakest attacker first."""
        user = (Safety.UNSAFE, USER_UNSAFE) if self.exposed else (Safety.SAFE, USER_SAFE)
        beside = self.place is KeyPlace.FILE
        return [
            Verdict(Attacker.COPIES, Safety.SAFE, COPIES_FILE if beside else COPIES_SAFE),
            Verdict(Attacker.OTHER_USER, *user),
            Verdict(Attacker.MACHINE_OFF, *_MACHINE_OFF[self.place]),
            Verdict(Attacker.MACHINE_ON, Safety.UNSAFE, RUNNING),
        ]
