"""How the register stands to its witness: the last head that was written beside the keys."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class WitnessState(StrEnum):
    """What comparing the register with its witness found."""

    AGREES = "agrees"
    AHEAD = "ahead"  # entries came after the witness, chained to it
    BEHIND = "behind"  # entries are gone that the witness saw
    OTHER = "other"  # as many entries or more, but not those that the witness saw
    MISSING = "missing"
    UNREADABLE = "unreadable"
    NOT_KEPT = "not kept"  # a database in memory has none


REFUSING = frozenset({WitnessState.BEHIND, WitnessState.OTHER})
SENTENCES = {
    WitnessState.AGREES: "The register ends with entry %(entries)s, as the witness beside the keys "
    "says.",
    WitnessState.AHEAD: "The register has %(entries)s entries, the witness beside the keys knows "
    "of %(witnessed)s. The newer ones are chained to it: another machine wrote them, or this one "
    "stopped between an entry and its witness.",
    WitnessState.BEHIND: "The register ends with entry %(entries)s, but it had %(witnessed)s: the "
    "database was cut, or an old copy was put in its place. Nothing can be written until it is "
    "put right. Put the newest backup in its place; `rollbook verify` explains, and says how to "
    "go on without what is lost.",
    WitnessState.OTHER: "Entry %(witnessed)s of the register is not the one that the witness "
    "beside the keys saw: an old copy was put in the database's place, and written on. Nothing "
    "can be written until it is put right. Put the newest backup in its place; `rollbook verify` "
    "explains, and says how to go on without what is lost.",
    WitnessState.MISSING: "There is no witness beside the keys: it was removed, or a version "
    "before it was used. The next entry makes a new one, and says so. Until then only an anchor "
    "shows whether the register was cut.",
    WitnessState.UNREADABLE: "The witness beside the keys cannot be read or is of another "
    "register: a power failure, a copied folder, or somebody changed it. The next entry makes a "
    "new one, and says so. Until then only an anchor shows whether the register was cut.",
    WitnessState.NOT_KEPT: "This database is kept in memory and has no witness.",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How many entries there are, and how many the witness knows of (None: it says nothing)."""

    state: WitnessState
    entries: int
    witnessed: int | None = None

    @property
    def refuses(self) -> bool:
        """Whether nothing may be appended."""
        return self.state in REFUSING

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to say about it."""
        return self.state in {WitnessState.AGREES, WitnessState.NOT_KEPT}

    @property
    def values(self) -> dict[str, object]:
        """What `SENTENCES` have room for."""
        return {"entries": self.entries, "witnessed": self.witnessed}

    def sentence(self) -> str:
        """Return what it means and what to do, in English."""
        return SENTENCES[self.state] % self.values
