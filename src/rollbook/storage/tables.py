"""The tables. Readable in them: random ids, kinds, counts, the timetable and blind indexes.

Every `LargeBinary` column holds a sealed payload, a wrapped key or a digest. Names, contacts,
external ids, times of arrival, statuses, reasons, templates and crops exist only inside payloads.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Id = String(32)
# What a `LargeBinary` column holds; rotation and the tests of what is sealed go by it.
SEALED = "sealed"  # in `Column.info`: the key that a payload is sealed with
SEAL, BOOK, SUBJECT = {SEALED: "seal"}, {SEALED: "book"}, {SEALED: "subject"}
MESSAGES = {SEALED: "messages"}
CROPS = {SEALED: "crops"}  # sealed with the subject's key, and that once more with this one
WRAPPED, DIGEST = {"holds": "wrapped key"}, {"holds": "digest"}
_Counted = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only in INTEGER keys


def _number() -> Column[int]:
    """Return a key that grows with every row, for "oldest first"."""
    return Column("number", _Counted, primary_key=True, autoincrement=True)


def _digest(name: str, **options: Any) -> Column[bytes]:
    return Column(name, LargeBinary, info=DIGEST, **options)


data_keys = Table(
    "data_keys",
    metadata,
    Column("purpose", String(32), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False, info=WRAPPED),
)

subject_keys = Table(
    "subject_keys",
    metadata,
    Column("subject_id", _Id, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False, info=WRAPPED),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

subjects = Table(
    "subjects",
    metadata,
    Column("subject_id", _Id, primary_key=True),
    _digest("external", unique=True),  # blind index of the external id
    Column("profile", LargeBinary, nullable=False, info=SUBJECT),
    Column("invented", Boolean, nullable=False),
)

consents = Table(
    "consents",
    metadata,
    _number(),
    Column("consent_id", _Id, unique=True, nullable=False),
    Column("subject_id", ForeignKey("subjects.subject_id"), index=True, nullable=False),
    Column("payload", LargeBinary, nullable=False, info=SUBJECT),
)

samples = Table(
    "samples",
    metadata,
    _number(),
    Column("reference_id", _Id, unique=True, nullable=False),
    Column("subject_id", ForeignKey("subjects.subject_id"), index=True, nullable=False),
    Column("space", String(120), nullable=False),
    _digest("source", nullable=False),  # blind index of person and picture
    Column("template", LargeBinary, nullable=False, info=SUBJECT),
    Column("details", LargeBinary, nullable=False, info=SUBJECT),
    Column("crop", LargeBinary, info=CROPS),
    Column("transform", Integer, nullable=False, server_default="0"),  # which one; 0: none
    Index("ix_samples_source", "source"),
)

groups = Table(
    "groups",
    metadata,
    Column("group_id", _Id, primary_key=True),
    _digest("named", unique=True, nullable=False),  # blind index of the name
    Column("name", LargeBinary, nullable=False, info=SEAL),
    Column("invented", Boolean, nullable=False),
)

# People are not referenced here: the roster of a past day stays when a person is erased.
memberships = Table(
    "memberships",
    metadata,
    _number(),
    Column("group_id", ForeignKey("groups.group_id"), index=True, nullable=False),
    Column("subject_id", _Id, index=True, nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
)

# Titles and policies repeat: they are sealed once and found by their blind index.
plans = Table(
    "plans",
    metadata,
    _digest("plan", primary_key=True),
    Column("payload", LargeBinary, nullable=False, info=BOOK),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_id", _Id, primary_key=True),
    Column("group_id", ForeignKey("groups.group_id"), nullable=False),
    Column("business_date", Date, nullable=False),
    Column("starts_at", BigInteger, nullable=False),  # microseconds since 1970, UTC
    Column("ends_at", BigInteger, nullable=False),
    Column("state", String(8), nullable=False),
    Column("invented", Boolean, nullable=False),
    Column("plan", ForeignKey("plans.plan"), nullable=False, info=DIGEST),
    _digest("mac", nullable=False),  # over all other columns
    Index("ix_sessions_group_day", "group_id", "business_date"),
    Index("ix_sessions_day", "business_date"),
    Index("ix_sessions_state", "state"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("number", _Counted, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("session_id", _Id),
    Column("payload", LargeBinary, info=BOOK),  # NULL once it lies in the session's sheet
    _digest("once", unique=True),  # blind index
    _digest("content", nullable=False),
    _digest("link", nullable=False),
)
Index(
    "ix_ledger_single",
    ledger.c.session_id,
    sqlite_where=ledger.c.payload.is_not(None),
    postgresql_where=ledger.c.payload.is_not(None),
)

sheets = Table(
    "sheets",
    metadata,
    Column("session_id", _Id, primary_key=True),
    Column("entries", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False, info=BOOK),
)

heads = Table(
    "heads",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("number", BigInteger, nullable=False),
    _digest("link", nullable=False),
    _digest("mac", nullable=False),
)

reviews = Table(
    "reviews",
    metadata,
    _number(),
    Column("review_id", _Id, unique=True, nullable=False),
    Column("session_id", _Id, index=True, nullable=False),
    Column("payload", LargeBinary, nullable=False, info=SEAL),
)

site = Table(
    "site",
    metadata,
    Column("key", Text, primary_key=True),
    Column("payload", LargeBinary, nullable=False, info=SEAL),
)

# Accounts: people sign in, kiosks and programs bring a key. What they bring is kept as a digest.
users = Table(
    "users",
    metadata,
    Column("user_id", _Id, primary_key=True),
    _digest("login", unique=True, nullable=False),  # blind index of the login name
    _digest("uniquifier", unique=True, nullable=False),  # changes to end all sessions
    _digest("subject", unique=True),  # blind index of the subject that it belongs to
    Column("payload", LargeBinary, nullable=False, info=SEAL),
)

passkeys = Table(
    "passkeys",
    metadata,
    _number(),
    _digest("credential", unique=True, nullable=False),  # blind index
    Column("user_id", ForeignKey("users.user_id"), index=True, nullable=False),
    Column("payload", LargeBinary, nullable=False, info=SEAL),
)

web_sessions = Table(
    "web_sessions",
    metadata,
    _digest("token", primary_key=True),  # blind index of what the cookie holds
    Column("user_id", _Id, index=True),
    Column("seen_at", BigInteger, nullable=False),  # microseconds since 1970, UTC
    Column("expires_at", BigInteger, index=True, nullable=False),
    Column("payload", LargeBinary, nullable=False, info=SEAL),
)

group_staff = Table(
    "group_staff",
    metadata,
    _number(),
    Column("group_id", ForeignKey("groups.group_id"), index=True, nullable=False),
    Column("user_id", _Id, index=True, nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
)

devices = Table(
    "devices",
    metadata,
    Column("device_id", _Id, primary_key=True),
    _digest("key", unique=True),  # blind index; NULL once it is revoked
    Column("payload", LargeBinary, nullable=False, info=SEAL),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("token_id", _Id, primary_key=True),
    _digest("token", unique=True),  # blind index; NULL once it is revoked
    Column("user_id", _Id, index=True, nullable=False),
    Column("payload", LargeBinary, nullable=False, info=SEAL),
)

throttles = Table(
    "throttles",
    metadata,
    _digest("bucket", primary_key=True),  # blind index of who tried what
    Column("failures", Integer, nullable=False),
    Column("until", BigInteger, nullable=False),  # nothing is accepted before
)

# What was answered to a request that may come twice: a double click, or a program that tries again.
replies = Table(
    "replies",
    metadata,
    _digest("request", primary_key=True),  # blind index
    Column("at", BigInteger, index=True, nullable=False),
    Column("payload", LargeBinary, info=SEAL),  # NULL while the first one is still worked on
)

# Planning: what recurs, what is due, what was told in advance.
series = Table(
    "series",
    metadata,
    Column("series_id", _Id, primary_key=True),
    Column("group_id", ForeignKey("groups.group_id"), index=True, nullable=False),
    Column("payload", LargeBinary, nullable=False, info=SEAL),
)

planned = Table(
    "planned",
    metadata,
    Column("series_id", ForeignKey("series.series_id"), primary_key=True),
    Column("day", Date, primary_key=True),  # a series meets once a day at most
    Column("session_id", _Id, unique=True, nullable=False),
)

due = Table(
    "due",
    metadata,
    _number(),
    Column("job", String(32), nullable=False),
    Column("target", _Id, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("lease_until", BigInteger),  # somebody works on it until then
    Column("attempts", Integer, nullable=False),
    Column("done_at", BigInteger),
    Index("uq_due_job", "job", "target", "due_at", unique=True),
    Index("ix_due_due_at", "due_at"),
)

absences = Table(
    "absences",
    metadata,
    Column("absence_id", _Id, primary_key=True),
    Column("subject_id", _Id, index=True, nullable=False),
    Column("payload", LargeBinary, nullable=False, info=SUBJECT),
)

requests = Table(
    "requests",
    metadata,
    Column("request_id", _Id, primary_key=True),
    Column("subject_id", _Id, index=True, nullable=False),
    Column("session_id", _Id, index=True, nullable=False),
    Column("state", String(8), index=True, nullable=False),
    Column("payload", LargeBinary, nullable=False, info=SUBJECT),
)

credentials = Table(
    "credentials",
    metadata,
    Column("credential_id", _Id, primary_key=True),
    Column("subject_id", _Id, index=True, nullable=False),
    Column("kind", String(8), nullable=False),  # pin, card, phone
    _digest("lookup", unique=True),  # blind index of what a code begins with
    Column("payload", LargeBinary, nullable=False, info=SUBJECT),
)

cameras = Table(
    "cameras",
    metadata,
    Column("camera_id", _Id, primary_key=True),
    Column("payload", LargeBinary, nullable=False, info=SEAL),
)

tasks = Table(
    "tasks",
    metadata,
    Column("task_id", _Id, primary_key=True),
    Column("user_id", _Id, index=True, nullable=False),
    Column("state", String(10), index=True, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False, info=SEAL),
)

# What the site can show of keys, backups and rights: papers with their versions, and receipts.
documents = Table(
    "documents",
    metadata,
    _number(),
    Column("document_id", _Id, unique=True, nullable=False),
    Column("kind", String(16), index=True, nullable=False),
    Column("payload", LargeBinary, nullable=False, info=SEAL),
)

receipts = Table(
    "receipts",
    metadata,
    _number(),
    Column("receipt_id", _Id, unique=True, nullable=False),
    Column("kind", String(16), index=True, nullable=False),
    Column("payload", LargeBinary, nullable=False, info=SEAL),
)

# What charts read: the facts of a month's finished sessions. Each can be made anew.
blocks = Table(
    "blocks",
    metadata,
    Column("month", String(7), primary_key=True),
    Column("number", BigInteger, nullable=False),  # of the newest entry that is in it
    Column("payload", LargeBinary, nullable=False, info=BOOK),
)

# Messages: who wants to hear of what, and what is on its way. `event` makes each be written once.
recipients = Table(
    "recipients",
    metadata,
    Column("recipient_id", _Id, primary_key=True),
    Column("subject_id", _Id, index=True),  # guardians, and the person
    Column("user_id", _Id, index=True),  # staff
    Column("person", LargeBinary, info=SUBJECT),  # what belongs to a person; else `payload`
    Column("payload", LargeBinary, info=MESSAGES),
)

outbox = Table(
    "outbox",
    metadata,
    _number(),
    Column("message_id", _Id, unique=True, nullable=False),
    _digest("event", unique=True, nullable=False),  # blind index of event and recipient
    Column("subject_id", _Id, index=True),
    Column("state", String(8), index=True, nullable=False),
    Column("due_at", BigInteger, index=True, nullable=False),  # microseconds since 1970, UTC
    Column("lease_until", BigInteger),  # somebody sends it until then
    Column("over_at", BigInteger),  # when it was sent, dropped or given up
    Column("attempts", Integer, nullable=False),
    Column("bundle", _Id, index=True),  # rows with the same one leave as one message
    Column("person", LargeBinary, info=SUBJECT),  # what is about a person; else `payload`
    Column("payload", LargeBinary, info=MESSAGES),
)

# How often faces, codes and PINs were refused, and faces tried again: numbers about nobody.
tallies = Table(
    "tallies",
    metadata,
    Column("day", Date, primary_key=True),
    Column("source", String(32), primary_key=True),  # id of a camera or kiosk, or a word
    Column("what", String(32), primary_key=True),
    Column("count", BigInteger, nullable=False),
)
