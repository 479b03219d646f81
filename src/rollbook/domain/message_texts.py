"""Texts of messages by language, and how names are put into them.

A placeholder is a word in braces, as {name}; nothing else may stand in braces, so that a text can
reach nothing but the values that its kind of message has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rollbook.domain.messages import EventKind
from rollbook.errors import InvalidInput

SUBJECT_LIMIT, BODY_LIMIT = 200, 4000  # characters
PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
LANGUAGES = ("en", "de")


@dataclass(frozen=True, slots=True)
class Template:
    """Subject and text of one kind of message."""

    subject: str
    body: str


_ABOUT_SESSION = ("site", "name", "group", "session", "day", "time")
PLACEHOLDERS: Mapping[EventKind, tuple[str, ...]] = {
    EventKind.ABSENT: _ABOUT_SESSION,
    EventKind.LATE: (*_ABOUT_SESSION, "arrived"),
    EventKind.IN_A_ROW: (*_ABOUT_SESSION, "count"),
    EventKind.LOW: ("site", "name", "group", "percentage", "line"),
    EventKind.DECIDED: ("site", "name", "decision", "answer"),
    EventKind.WEEKLY: ("site", "first", "last", "figures"),
    EventKind.CAMERA: ("site", "camera", "what"),
    EventKind.TROUBLE: ("site", "what"),
    EventKind.REPORT: ("site", "report", "until", "page"),
    EventKind.ANCHOR: ("site", "anchor"),
}

_EN: Mapping[EventKind, Template] = {
    EventKind.ABSENT: Template(
        "{name} is missing: {session}, {day}",
        "Good day,\n\n{name} was not in “{session}” ({group}) on {day}, which began at {time}. "
        "Please tell us the reason.\n\n{site}",
    ),
    EventKind.LATE: Template(
        "{name} came late: {session}, {day}",
        "Good day,\n\n{name} came to “{session}” ({group}) on {day} at {arrived}; it began at "
        "{time}.\n\n{site}",
    ),
    EventKind.IN_A_ROW: Template(
        "{name}: missed {count} times in a row",
        "{name} ({group}) has missed {count} sessions in a row without an excuse, the last one "
        "“{session}” on {day}.\n\n{site}",
    ),
    EventKind.LOW: Template(
        "{name}: attendance of {percentage} %",
        "The attendance of {name} ({group}) is {percentage} %, which is below {line} %.\n\n{site}",
    ),
    EventKind.DECIDED: Template(
        "A request about {name} was decided",
        "Good day,\n\nthe request about {name} was {decision}. {answer}\n\n{site}",
    ),
    EventKind.WEEKLY: Template(
        "Attendance from {first} to {last}", "Your groups last week:\n\n{figures}\n\n{site}"
    ),
    EventKind.CAMERA: Template(
        "Camera {camera} gives no pictures", "The camera “{camera}” does not work: {what}\n\n{site}"
    ),
    EventKind.TROUBLE: Template("Rollbook needs you", "{what}\n\n{site}"),
    EventKind.REPORT: Template(
        "Your report is ready: {report}",
        "Your report ({report}) is ready. You can fetch it until {until}: {page}\n\n{site}",
    ),
    EventKind.ANCHOR: Template(
        "Anchor of the register",
        "Keep this text: it shows later that nobody changed the register.\n\n{anchor}\n\n{site}",
    ),
}
_DE: Mapping[EventKind, Template] = {
    EventKind.ABSENT: Template(
        "{name} fehlt: {session}, {day}",
        "Guten Tag,\n\n{name} war am {day}, nicht in „{session}“ ({group}), Beginn {time} Uhr. "
        "Bitte teilen Sie uns den Grund mit.\n\n{site}",
    ),
    EventKind.LATE: Template(
        "{name} kam zu spät: {session}, {day}",
        "Guten Tag,\n\n{name} kam am {day}, um {arrived} Uhr in „{session}“ ({group}); Beginn war "
        "{time} Uhr.\n\n{site}",
    ),
    EventKind.IN_A_ROW: Template(
        "{name}: {count}-mal hintereinander gefehlt",
        "{name} ({group}) hat {count}-mal hintereinander unentschuldigt gefehlt, zuletzt am {day}, "
        "in „{session}“.\n\n{site}",
    ),
    EventKind.LOW: Template(
        "{name}: {percentage} % Anwesenheit",
        "Die Anwesenheit von {name} ({group}) liegt bei {percentage} % und damit unter {line} %."
        "\n\n{site}",
    ),
    EventKind.DECIDED: Template(
        "Über einen Antrag zu {name} wurde entschieden",
        "Guten Tag,\n\nder Antrag zu {name} wurde {decision}. {answer}\n\n{site}",
    ),
    EventKind.WEEKLY: Template(
        "Anwesenheit vom {first} bis {last}",
        "Ihre Gruppen in der letzten Woche:\n\n{figures}\n\n{site}",
    ),
    EventKind.CAMERA: Template(
        "Kamera {camera} liefert keine Bilder",
        "Die Kamera „{camera}“ arbeitet nicht: {what}\n\n{site}",
    ),
    EventKind.TROUBLE: Template("Rollbook braucht Sie", "{what}\n\n{site}"),
    EventKind.REPORT: Template(
        "Ihr Bericht ist fertig: {report}",
        "Ihr Bericht ({report}) ist fertig. Sie können ihn bis zum {until} abholen: {page}"
        "\n\n{site}",
    ),
    EventKind.ANCHOR: Template(
        "Anker des Klassenbuchs",
        "Heben Sie diesen Text auf: Er zeigt später, dass niemand das Klassenbuch verändert hat."
        "\n\n{anchor}\n\n{site}",
    ),
}
DEFAULTS: Mapping[str, Mapping[EventKind, Template]] = {"en": _EN, "de": _DE}
FOOTER = {
    "en": "No more such messages: {url}",
    "de": "Keine solchen Nachrichten mehr: {url}",
}
DAILY = {
    "en": "{count} messages of today",
    "de": "{count} Nachrichten von heute",
}
DECISIONS = {
    "en": {"granted": "granted", "refused": "refused"},
    "de": {"granted": "bewilligt", "refused": "abgelehnt"},
}
FIGURES = {  # one group of the last week
    "en": "{group}: {percentage} (absent: {absent}, late: {late})",
    "de": "{group}: {percentage} (gefehlt: {absent}, zu spät: {late})",
}
EXPORTS = {  # where a report is, for a site that has told no address of its own
    "en": "in Rollbook, on the page “Exports”",
    "de": "in Rollbook, auf der Seite „Exporte“",
}
EXAMPLES: Mapping[str, str] = {  # of previews, before they are said in a language
    "site": "Lake School",
    "name": "Ada Lovelace",
    "group": "7a",
    "session": "Mathematics",
    "day": "2026-03-02",
    "time": "08:00",
    "arrived": "08:17",
    "count": "2",
    "percentage": "82.4",
    "line": "85",
    "decision": "granted",
    "answer": "",
    "first": "2026-02-23",
    "last": "2026-03-01",
    "figures": "",
    "camera": "Door",
    "what": "",
    "report": "2026-02",
    "until": "2026-04-05",
    "page": "",
    "anchor": "rollbook-anchor-1 …",
}


def default_text(kind: EventKind, language: str) -> Template:
    """Return the text that ships, in English where there is none in this language."""
    return DEFAULTS.get(language, _EN)[kind]


def checked(kind: EventKind, template: Template) -> Template:
    """Return the template as it is kept.

    Raises:
        InvalidInput: it is empty or too long, or has something in braces that it may not have.
    """
    subject = " ".join(template.subject.split())
    body = template.body.replace("\r\n", "\n").strip()
    for text, limit in ((subject, SUBJECT_LIMIT), (body, BODY_LIMIT)):
        if not text or len(text) > limit:
            raise InvalidInput("A text needs 1 to %(limit)s characters.", limit=limit)
        _refuse_unknown(kind, text)
    return Template(subject, body)


def _refuse_unknown(kind: EventKind, text: str) -> None:
    known = PLACEHOLDERS[kind]
    allowed = ", ".join(f"{{{one}}}" for one in known)
    for name in PLACEHOLDER.findall(text):
        if name not in known:
            raise InvalidInput(
                "{%(name)s} is not known here. These are: %(allowed)s", name=name, allowed=allowed
            )
    if set("{}") & set(PLACEHOLDER.sub("", text)):
        raise InvalidInput(
            "Braces stand around placeholders alone. These are: %(allowed)s", allowed=allowed
        )


def gathered(said: Sequence[tuple[str, str]]) -> str:
    """Return several messages, each a subject and a text, in one.

    A greeting or an end that all of them share stands there once.

    >>> gathered([("Ada", "Hello,\\n\\nlate.\\n\\nHill"), ("Bob", "Hello,\\n\\nill.\\n\\nHill")])
    'Hello,\\n\\nAda\\nlate.\\n\\nBob\\nill.\\n\\nHill'
    """
    texts = [body.split("\n\n") for _, body in said]
    shorter = min(map(len, texts))
    end = 1 if shorter > 1 and len({text[-1] for text in texts}) == 1 else 0
    start = 1 if shorter > 1 + end and len({text[0] for text in texts}) == 1 else 0
    each = [
        f"{subject}\n" + "\n\n".join(text[start : len(text) - end])
        for (subject, _), text in zip(said, texts, strict=True)
    ]
    return "\n\n".join([*texts[0][:start], *each, *texts[0][len(texts[0]) - end :]])


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return the text with values in the place of their names; what has no value becomes empty.

    >>> fill("{name} is {odd}.", {"name": "{site}"})
    '{site} is .'
    """
    return PLACEHOLDER.sub(lambda found: values.get(found[1], ""), text)
