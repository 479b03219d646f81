"""The tables. Readable in them: random ids, kinds, counts, the timetable and blind indexes.

Every `LargeBinary` column holds a sealed payload, a wrapped key or a digest. Names, contacts,
external ids, times of arrival, statuses, reasons, templates and crops exist only inside payloads.
"""

from __future__ import annotations

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
_Counted = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only in INTEGER keys


def _number() -> Column[int]:
    """Return a key that grows with every row, for "oldest first"."""
    return Column("number", _Counted, primary_key=True, autoincrement=True)


data_keys = Table(
    "data_keys",
    metadata,
    Column("purpose", String(32), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)

subject_keys = Table(
    "subject_keys",
    metadata,
    Column("subject_id", _Id, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
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
    Column("external", LargeBinary, unique=True),  # blind index of the external id
    Column("profile", LargeBinary, nullable=False),
    Column("invented", Boolean, nullable=False),
)

consents = Table(
    "consents",
    metadata,
    _number(),
    Column("consent_id", _Id, unique=True, nullable=False),
    Column("subject_id", ForeignKey("subjects.subject_id"), index=True, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)

samples = Table(
    "samples",
    metadata,
    _number(),
    Column("reference_id", _Id, unique=True, nullable=False),
    Column("subject_id", ForeignKey("subjects.subject_id"), index=True, nullable=False),
    Column("space", String(120), nullable=False),
    Column("source", LargeBinary, nullable=False),  # blind index of person and picture
    Column("template", LargeBinary, nullable=False),
    Column("details", LargeBinary, nullable=False),
    Column("crop", LargeBinary),
    Index("ix_samples_source", "source"),
)

groups = Table(
    "groups",
    metadata,
    Column("group_id", _Id, primary_key=True),
    Column("named", LargeBinary, unique=True, nullable=False),  # blind index of the name
    Column("name", LargeBinary, nullable=False),
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
    Column("plan", LargeBinary, primary_key=True),
    Column("payload", LargeBinary, nullable=False),
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
    Column("plan", ForeignKey("plans.plan"), nullable=False),
    Column("mac", LargeBinary, nullable=False),  # over all other columns
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
    Column("payload", LargeBinary),  # NULL once it lies in the session's sheet
    Column("once", LargeBinary, unique=True),  # blind index
    Column("content", LargeBinary, nullable=False),
    Column("link", LargeBinary, nullable=False),
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
    Column("payload", LargeBinary, nullable=False),
)

heads = Table(
    "heads",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("link", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
)

reviews = Table(
    "reviews",
    metadata,
    _number(),
    Column("review_id", _Id, unique=True, nullable=False),
    Column("session_id", _Id, index=True, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)

site = Table(
    "site",
    metadata,
    Column("key", Text, primary_key=True),
    Column("payload", LargeBinary, nullable=False),
)
