"""Words and letters that all reports share."""

from __future__ import annotations

from rollbook.domain.attendance import Status

LETTERS = {
    Status.PRESENT: "P",
    Status.LATE: "L",
    Status.LEFT_EARLY: "E",
    Status.ABSENT: "A",
    Status.EXCUSED: "X",
    Status.OPEN: "?",
}
WORDS = {
    Status.PRESENT: "present",
    Status.LATE: "late",
    Status.LEFT_EARLY: "left early",
    Status.ABSENT: "absent",
    Status.EXCUSED: "excused",
    Status.OPEN: "open: the session still runs",
}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
INVENTED = "INVENTED DATA: no real people"
NO_SESSIONS = "no sessions"
EMPTY_CELL = "empty: no session, or not in the group on that day"
GUEST = "* marked in a session without being in the group"
