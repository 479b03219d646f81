"""What the pages call papers, rules and receipts."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from rollbook.domain.documents import PaperKind
from rollbook.domain.receipts import ReceiptKind
from rollbook.domain.retention import Rule

PAPERS = {
    PaperKind.NOTICE: _l("Privacy notice"),
    PaperKind.ADULT: _l("Consent form for adults"),
    PaperKind.GUARDIAN: _l("Consent form for parents and guardians"),
    PaperKind.CHILD: _l("Consent form for children, in plain language"),
    PaperKind.RETENTION: _l("How long data are kept"),
    PaperKind.RIGHTS: _l("Rights, and how to use them"),
    PaperKind.DPIA: _l("Impact assessment"),
    PaperKind.RECORD: _l("Record of processing activities"),
    PaperKind.INCIDENT: _l("Plan for incidents"),
}
ABOUT = {
    PaperKind.NOTICE: _l("For everybody whose data are kept. Public once it is published."),
    PaperKind.ADULT: _l("Signed by the person."),
    PaperKind.GUARDIAN: _l("Signed by whoever cares for a minor."),
    PaperKind.CHILD: _l("The child's own word. A no counts."),
    PaperKind.RETENTION: _l("Public; in Illinois due before the first face is kept."),
    PaperKind.RIGHTS: _l("One page to hand out. Public once it is published."),
    PaperKind.DPIA: _l("For yourselves and the authority; due before the first face."),
    PaperKind.RECORD: _l("For yourselves and the authority."),
    PaperKind.INCIDENT: _l("For whoever is on duty. Print it: it is needed when nothing runs."),
}
RULES = {
    Rule.NO_CONSENT: _l("Samples without a consent in force"),
    Rule.INACTIVE: _l("Samples of people who are not here any more"),
    Rule.ERASE: _l("People who are erased by this rule"),
    Rule.PROPOSE: _l("People proposed for erasure; they stay until somebody erases them"),
    Rule.ABSENCES: _l("Absences that are long over"),
    Rule.REQUESTS: _l("Requests that are long decided"),
    Rule.UNSURE: _l("Unsure faces that nobody decided on"),
    Rule.TASKS: _l("Reports of long work"),
    Rule.LOGS: _l("Files of the server's log"),
    Rule.BROWSERS: _l("Ended sessions of browsers"),
    Rule.REPLIES: _l("Answers kept against double clicks"),
    Rule.ERRANDS: _l("Done work of the timetable"),
    Rule.TALLIES: _l("Counts of refusals, by day and reason"),
}
RECEIPTS = {
    ReceiptKind.ERASURE: _l("Erasure of a person"),
    ReceiptKind.LOSS: _l("Lost entries of the register"),
    ReceiptKind.PURGE: _l("Deleted by the rules of retention"),
    ReceiptKind.ROTATION: _l("New keys"),
    ReceiptKind.BACKUP: _l("Backup"),
    ReceiptKind.RESTORE: _l("Restored from a backup"),
    ReceiptKind.ACCESS: _l("Handed out to a person"),
}
PARTICULARS = {
    "controller": (_l("Who answers for the data"), _l("Name and address.")),
    "contact": (_l("How people reach you"), _l("Address, telephone or e-mail.")),
    "officer": (_l("Data protection officer"), _l("Or that there is none.")),
    "authority": (_l("Supervisory authority"), _l("Where people may complain.")),
    "purpose": (_l("What attendance is needed for"), _l("In words that a parent understands.")),
    "legal_basis": (
        _l("Legal basis of the register"),
        _l("The law or contract. For faces it is consent alone."),
    ),
    "recipients": (_l("Who else gets the data"), _l("“Nobody” is an answer.")),
    "incident_lead": (
        _l("Who leads when something has happened"),
        _l("Name and telephone, day and night."),
    ),
}
LIMITS = {
    "consent_months": (
        _l("Months until a consent ends by itself"),
        _l("Unless it says an earlier day. Then it is asked for anew."),
    ),
    "inactive_months": (
        _l("Months after the last contact until samples are deleted"),
        _l("Of people who belong to no group and were not marked. Illinois: at most 36."),
    ),
    "erase_months": (
        _l("Months after the last contact until a person is proposed for erasure"),
        _l(
            "So long attendance is kept under a name. Entries of the register stay for ever, under "
            "a random number; erasing destroys the key that makes it a name."
        ),
    ),
    "paper_months": (
        _l("Months after their end until absences and requests are deleted"),
        _l("Reasons of absences can be data on health."),
    ),
    "log_days": (_l("Days that the server's log is kept"), _l("It names nobody.")),
    "tally_months": (
        _l("Months that counts of refusals are kept"),
        _l("How often a day a face, code or PIN was refused and why; of whom is kept nowhere."),
    ),
}
# what a receipt says, by the names that were signed; what is not here is in the signed text alone
SIGNED = {
    "event": _l("What"),
    "by": _l("Asked for by"),
    "subject_id": _l("Person, by random id"),
    "reason": _l("Reason"),
    "file": _l("File"),
    "made_at": _l("Backup of"),
    "began": _l("Begun"),
    "entries": _l("Entries in the register"),
    "witnessed": _l("Entries that the witness knew"),
    "people": _l("People"),
    "rows": _l("Rows"),
    "size": _l("Bytes"),
    "bytes": _l("Bytes"),
    "erased": _l("Erased people who were kept out"),
    "without_key": _l("People without a key, whom nobody can read"),
    "site_key": _l("Check value of the site key"),
    "samples": _l("Templates"),
}
