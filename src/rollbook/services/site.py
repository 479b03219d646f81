"""The choices of a site: its name, zone, language and policy, and whether faces are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rollbook.domain.attendance import POLICIES, SCHOOL_LESSON, AttendancePolicy
from rollbook.domain.policy_codec import policy_from_json, policy_to_json
from rollbook.domain.ports import Clock, OpenUnitOfWork, UnitOfWork
from rollbook.domain.register import EntryKind, NewEntry
from rollbook.domain.subjects import clean_name
from rollbook.errors import FacesOff, InvalidInput

FACES = "faces_enabled"
POLICY = "policy"
SECOND_FACTOR = "second_factor_required"
REVIEW_DAYS = "review_days"
REVIEWED_WITHIN, LONGEST_REVIEW = 14, 90  # days


@dataclass(frozen=True, slots=True)
class SiteChoices:
    """What the administrator chose; defaults until then. The names are those of the settings."""

    site_name: str = ""
    time_zone: str = ""  # empty: the machine's
    language: str = "en"  # for visitors whose browser asks for none that there is
    words: str = "school"  # or office: what statuses are called
    institution: str = ""  # school, workplace, other
    place: str = ""  # where the institution is, as far as rules differ
    faces_enabled: bool = True
    second_factor_required: bool = False  # for administrators
    review_days: int = REVIEWED_WITHIN  # then unsure faces are forgotten
    set_up: bool = False


class Site:
    """Reads and changes the choices; every change is in the register."""

    def __init__(self, open_uow: OpenUnitOfWork, clock: Clock) -> None:
        self._open_uow = open_uow
        self._clock = clock

    def choices(self) -> SiteChoices:
        with self._open_uow() as uow:
            kept: dict[str, Any] = {f.name: uow.site.get(f.name) for f in fields(SiteChoices)}
        return SiteChoices(**{name: value for name, value in kept.items() if value is not None})

    def policy(self) -> AttendancePolicy:
        with self._open_uow() as uow:
            return default_policy(uow)

    def change(self, by: str, **wanted: Any) -> list[str]:
        """Change choices by name; return those that are different now.

        Raises:
            InvalidInput: a name or time zone cannot be used.
        """
        return self._set(by, _checked(wanted))

    def set_policy(self, by: str, policy: AttendancePolicy) -> list[str]:
        """Set the policy that new sessions get unless another one is chosen."""
        return self._set(by, {POLICY: policy_to_json(policy)})

    def _set(self, by: str, wanted: Mapping[str, object]) -> list[str]:
        with self._open_uow() as uow:
            uow.register.hold()
            changed = [key for key, value in wanted.items() if uow.site.get(key) != value]
            for key in changed:
                uow.site.set(key, wanted[key])
                uow.register.append(self._entry(key, wanted[key], by))
            if FACES in changed:
                uow.touch_gallery()  # cameras that run look again
            uow.commit()
        return changed

    def _entry(self, key: str, value: object, by: str) -> NewEntry:
        at = self._clock.now().isoformat()
        body = {"event": "setting changed", "at": at, "by": by, "setting": key, "value": value}
        return NewEntry(EntryKind.SETTING, body)


def _checked(wanted: Mapping[str, Any]) -> dict[str, object]:
    known = {f.name for f in fields(SiteChoices)}
    if not known.issuperset(wanted):
        raise InvalidInput("There is no such setting.")
    checked = dict(wanted)
    if "site_name" in checked:
        checked["site_name"] = clean_name(checked["site_name"])
    if "time_zone" in checked:
        require_zone(checked["time_zone"])
    if not 1 <= checked.get(REVIEW_DAYS, 1) <= LONGEST_REVIEW:
        raise InvalidInput("Write a number of days from 1 to %(most)s.", most=LONGEST_REVIEW)
    return checked


def require_zone(name: str) -> ZoneInfo:
    """Return a time zone; raise InvalidInput for what is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput("There is no such time zone. Choose one from the list.") from error


def default_policy(uow: UnitOfWork) -> AttendancePolicy:
    """Return the policy of new sessions at this site."""
    kept = uow.site.get(POLICY)
    return policy_from_json(kept) if isinstance(kept, dict) else SCHOOL_LESSON


def site_policies(uow: UnitOfWork) -> dict[str, AttendancePolicy]:
    """Return the policies that can be chosen by their names, that of the site first."""
    own = default_policy(uow)
    return {own.name: own, **{name: each for name, each in POLICIES.items() if name != own.name}}


def review_window(uow: UnitOfWork) -> timedelta:
    """Return how long an unsure face waits for a person."""
    return timedelta(days=int(str(uow.site.get(REVIEW_DAYS) or REVIEWED_WITHIN)))


def faces_enabled(uow: UnitOfWork) -> bool:
    """Return whether this site recognises faces at all."""
    return uow.site.get(FACES, True) is not False


def require_faces(uow: UnitOfWork) -> None:
    """Raise FacesOff where the site has switched recognition off: nothing is computed."""
    if not faces_enabled(uow):
        raise FacesOff(
            "This site does not use faces: recognition is switched off in its settings. "
            "Mark people by hand, by PIN or with their code."
        )
