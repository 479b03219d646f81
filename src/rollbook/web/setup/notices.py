"""What the law may ask, by place and kind of institution. To think of, and no legal advice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _

KINDS = {
    "school": _("A school, or another place where people learn"),
    "workplace": _("A workplace"),
    "other": _("A club, a course, or something else"),
}
PLACES = {
    "eu": _("European Union, Norway, Iceland or Liechtenstein"),
    "uk": _("United Kingdom"),
    "ch": _("Switzerland"),
    "us-ny": _("United States: New York"),
    "us-il": _("United States: Illinois"),
    "us": _("United States: another state"),
    "in": _("India"),
    "other": _("Somewhere else"),
}
OFF = frozenset(
    {("school", "us-ny"), ("school", "eu"), ("school", "ch")}
)  # where faces are off unless chosen

ALWAYS = (
    _("Nobody is recognised without a consent on record, and it can be withdrawn at any time."),
    _("By hand, by PIN or by code everybody can be marked too, with the same rights."),
    _("Write down before the first face why it is needed, and whether milder means would do."),
)


@dataclass(frozen=True, slots=True)
class Notice:
    """What to read before faces are switched on."""

    points: tuple[Any, ...]
    better_off: bool  # faces are off here unless somebody chooses otherwise


_GDPR = (
    _(
        "Templates of faces are special data (GDPR, Article 9). An impact assessment is due "
        "before the first one (Article 35)."
    ),
    _(
        "Reading emotions at school and at work is forbidden by the AI Act; Rollbook does not do "
        "it. Recognising people at a distance who take no part counts as high-risk there: let "
        "them come to a kiosk instead of filming a room."
    ),
)
_BY_PLACE: dict[str, tuple[Any, ...]] = {
    "eu": _GDPR,
    "uk": (
        _(
            "Templates of faces are special data (UK GDPR, Article 9). An impact assessment is "
            "due before the first one."
        ),
    ),
    "ch": (
        _(
            "Templates of faces are sensitive data (FADP, Article 5c): consent has to be explicit. "
            "An impact assessment is due before the first one (Article 22)."
        ),
        _(
            "Public schools are bound by the data protection law of their canton as well. Ask its "
            "commissioner before the first face."
        ),
    ),
    "us-ny": (_("Local laws may ask for signs at the entrance and for more. Look them up."),),
    "us-il": (
        _(
            "The Biometric Information Privacy Act asks for a public, written schedule of "
            "deletion at the latest when the first face is kept, and for a written release by "
            "each person or their representative."
        ),
        _("Delete when the purpose ends, and at the latest three years after the last contact."),
    ),
    "us": (_("Several states have laws on biometric data of their own. Look up yours."),),
    "in": (
        _(
            "Under the Digital Personal Data Protection Act everybody under 18 is a child: a "
            "parent has to agree in a way that can be checked, and behaviour may not be watched."
        ),
    ),
    "other": (_("Ask whoever advises you on data protection which rules hold where you are."),),
}
_BY_BOTH: dict[tuple[str, str], tuple[Any, ...]] = {
    ("school", "eu"): (
        _(
            "A school in Sweden was fined for taking attendance by face: pupils depend on their "
            "school, so their consent did not count, and there were milder means. Expect the "
            "same question about yours."
        ),
    ),
    ("workplace", "eu"): (
        _("Employees depend on their employer: consent counts only where saying no costs nothing."),
    ),
    ("school", "uk"): (
        _(
            "The Information Commissioner reprimanded a school that had made no impact assessment "
            "and took a missing objection for consent. Most pupils can consent themselves."
        ),
    ),
    ("workplace", "uk"): (
        _(
            "The Information Commissioner made a company delete the faces and fingerprints of "
            "more than 2,000 employees, because they were offered no other way."
        ),
    ),
    ("school", "us-ny"): (
        _(
            "The State Education Department has ordered schools neither to buy nor to use the "
            "recognition of faces. Leave it off."
        ),
    ),
}


def notice(kind: str, place: str) -> Notice:
    """Return what to think of, the most particular first."""
    points = (*_BY_BOTH.get((kind, place), ()), *_BY_PLACE.get(place, ()), *ALWAYS)
    return Notice(points, (kind, place) in OFF)
