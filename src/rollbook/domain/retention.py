"""How long things are kept: the site's rules, and what they say of one person.

Rules are whole months after the last contact with somebody. Attendance itself lies in a chain from
which nothing can be taken: it ends with the person's key, which is what erasure destroys.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from enum import StrEnum

from rollbook.errors import InvalidInput

LONGEST_FACE = 36  # months; the Illinois law: three years after the last contact at the latest
LONGEST_RECORD = 600
LONGEST_PAPERS = 120
LONGEST_TALLIES = 36
SHORTEST_LOG, LONGEST_LOG = 7, 90  # days
MOST = {"consent_months": LONGEST_FACE, "inactive_months": LONGEST_FACE, "log_days": LONGEST_LOG}
MOST |= {"erase_months": LONGEST_RECORD, "paper_months": LONGEST_PAPERS}
MOST |= {"tally_months": LONGEST_TALLIES}


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """What the site has decided; the defaults are on the short side."""

    consent_months: int = 12  # then a consent ends by itself, and is asked for anew
    inactive_months: int = 6  # after the last contact templates and crops are deleted
    erase_months: int = 36  # after the last contact a person is proposed for erasure
    erase_by_itself: bool = False  # … and erased without anybody's word
    paper_months: int = 12  # absences and requests, after they are over
    log_days: int = 30  # of the server's log
    tally_months: int = 13  # how often a day who was refused: a year, and the same month before

    def __post_init__(self) -> None:
        for name, most in MOST.items():
            least = least_of(name)
            if not least <= getattr(self, name) <= most:
                raise InvalidInput(
                    "Write a whole number from %(least)s to %(most)s.", least=least, most=most
                )
        if self.erase_months < self.inactive_months:
            raise InvalidInput("Samples have to go no later than the person they are of.")

    def consent_end(self, given: date) -> date:
        """Return the last day of a consent that was given on this day.

        >>> RetentionRules(consent_months=12).consent_end(date(2026, 2, 28))
        datetime.date(2027, 2, 28)
        """
        return add_months(given, self.consent_months)

    def samples_go_on(self, last_contact: date) -> date:
        """Return the first day on which samples of somebody last met then are deleted."""
        return add_months(last_contact, self.inactive_months) + timedelta(days=1)

    def erased_from(self, last_contact: date) -> date:
        """Return the first day on which somebody last met then is to be erased."""
        return add_months(last_contact, self.erase_months) + timedelta(days=1)

    def as_json(self) -> dict[str, int | bool]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def least_of(name: str) -> int:
    """Return the smallest value that a rule may have."""
    return SHORTEST_LOG if name == "log_days" else 1


def rules_from_json(kept: object) -> RetentionRules:
    """Return the rules of a setting; what it does not say is the default."""
    known = {field.name for field in fields(RetentionRules)}
    values = dict(kept) if isinstance(kept, Mapping) else {}
    return RetentionRules(**{str(k): v for k, v in values.items() if k in known})


def add_months(day: date, months: int) -> date:
    """Return the same day so many months later, or the last day of a shorter month.

    >>> add_months(date(2027, 8, 31), 6)
    datetime.date(2028, 2, 29)
    """
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


class Rule(StrEnum):
    """Why something goes."""

    NO_CONSENT = "no_consent"  # samples without a consent in force
    INACTIVE = "inactive"  # samples of people who are not here any more
    ERASE = "erase"  # people who are erased by themselves
    PROPOSE = "propose"  # people who wait for a word of the administrator
    ABSENCES = "absences"
    REQUESTS = "requests"
    UNSURE = "unsure"  # unsure faces beyond the review window
    TASKS = "tasks"  # reports of long work
    FILES = "files"  # uploads and exports that nobody fetched
    LOGS = "logs"
    BROWSERS = "browsers"  # ended sessions of browsers
    REPLIES = "replies"  # answers to forms, kept against double clicks
    ERRANDS = "errands"  # done work of the timetable
    TALLIES = "tallies"  # how often faces, codes and PINs were refused


# not worth a receipt
HOUSEKEEPING = frozenset({Rule.BROWSERS, Rule.REPLIES, Rule.ERRANDS, Rule.TALLIES})


@dataclass(frozen=True, slots=True)
class Trace:
    """What decides on one person."""

    subject_id: str
    belongs: bool  # to a group today, or from a later day on
    agreed: bool  # a consent about the face is in force
    samples: int
    last_contact: date | None  # last day in a group, mark, consent or sample; None: none is known


def rule_of_samples(trace: Trace, rules: RetentionRules, today: date) -> Rule | None:
    """Return why the samples of somebody have to go today, or None."""
    if trace.samples == 0:
        return None
    if not trace.agreed:
        return Rule.NO_CONSENT
    if trace.belongs or trace.last_contact is None:
        return None
    return Rule.INACTIVE if today >= rules.samples_go_on(trace.last_contact) else None


def rule_of_person(trace: Trace, rules: RetentionRules, today: date) -> Rule | None:
    """Return whether somebody is to be erased or proposed for it, or None."""
    if trace.belongs or trace.last_contact is None:
        return None
    if today < rules.erased_from(trace.last_contact):
        return None
    return Rule.ERASE if rules.erase_by_itself else Rule.PROPOSE
