"""What several pages of the area look up."""

from __future__ import annotations

from flask import abort
from flask_babel import get_locale

from rollbook.services.people_index import Known, Snapshot
from rollbook.services.people_search import sees
from rollbook.web.access import actor
from rollbook.web.parts import parts

LONG = 30.0  # seconds; only the list has a page that waits for the names to be opened


def everybody() -> Snapshot:
    """Return the index; the first page after a start waits for it."""
    found = parts().people_index.current(LONG)
    if found is None:
        abort(503)
    return found


def with_person(subject_id: str) -> tuple[Snapshot, Known]:
    """Return the index and the person in it, who is known to exist."""
    snapshot = everybody()
    if subject_id not in snapshot.people:  # written in bulk a moment ago, as invented data is
        snapshot = parts().people_index.build()
    return snapshot, snapshot.people[subject_id]


def known_texts(snapshot: Snapshot, *, minor: bool = False) -> list[str]:
    """Return the consent texts to choose from: the site's newest ones, then those in use.

    The first one is for who has to agree, in the language of the page.
    """
    audience, language = "guardian" if minor else "adult", str(get_locale() or "en")
    published = sorted(
        parts().papers.consent_texts(),
        key=lambda text: (text.audience != audience, text.language != language),
    )
    newest = [text.text_id for text in published]
    return newest + [text for text in _used_texts(snapshot) if text not in newest]


def _used_texts(snapshot: Snapshot) -> list[str]:
    """Return the consent texts that are in use, the most used first."""
    times: dict[str, int] = {}
    for known in snapshot.ordered:
        for consent in known.consents:
            times[consent.text_id] = times.get(consent.text_id, 0) + 1
    return sorted(times, key=lambda text: -times[text])[:10]


def own_groups(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Return (id, name) of the groups that the actor may see, sorted by name."""
    who = actor()
    found = [(one, name) for one, name in snapshot.groups.items() if who.sees_group(one)]
    return sorted(found, key=lambda pair: pair[1].casefold())


def may_see(known: Known | None, snapshot: Snapshot) -> bool:
    return known is not None and sees(known, actor().group_ids, snapshot.day)
