"""What the papers of a site are filled from."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date

from rollbook.domain.retention import RetentionRules

LINE_LIMIT, TEXT_LIMIT = 300, 2000  # characters


@dataclass(frozen=True, slots=True)
class Particulars:
    """What only people can tell; empty is a gap in the papers."""

    controller: str = ""  # name and address of who answers for the data
    contact: str = ""  # where people write or call
    officer: str = ""  # data protection officer
    authority: str = ""  # to which people may complain
    purpose: str = ""  # what attendance is needed for here
    legal_basis: str = ""  # of the register itself; of faces it is consent
    recipients: str = ""  # who else gets the data; "nobody" is an answer
    incident_lead: str = ""  # who decides when something has happened


PARTICULARS = tuple(one.name for one in fields(Particulars))


@dataclass(frozen=True, slots=True)
class ModelFact:
    """One network in use."""

    name: str
    licence: str  # empty: not known
    origin: str


@dataclass(frozen=True, slots=True)
class ThresholdFact:
    """The score from which a face is taken for somebody, in a gallery of so many people."""

    people: int
    score: float


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What the settings of the site say. Empty text or None: they do not say it."""

    site: str
    institution: str  # school, workplace, other, or empty
    place: str  # as in the set-up, or empty
    zone: str
    faces: bool
    keep_crops: bool
    target_fpir: float
    today: date
    rules: RetentionRules
    review_days: int
    particulars: Particulars
    models: tuple[ModelFact, ...] = ()
    thresholds: tuple[ThresholdFact, ...] = ()
    backups: tuple[str, ...] | None = None  # where to; () when none are set up, None: not known
    key_case: str = ""  # a value of `key_safety.KeyPlace`; "": not known
    cameras: int = 0
    kiosks: int = 0
    version: str = field(default="")
