"""Exports and the audit."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import BaseModel, Field, JsonValue, model_validator

from rollbook.domain.month import Days, Month, Period
from rollbook.domain.register import EntryKind
from rollbook.domain.tokens import Scope
from rollbook.errors import NotFound
from rollbook.languages.catalogs import LANGUAGES
from rollbook.services.audit import AuditQuery
from rollbook.services.export import Wanted
from rollbook.services.export_jobs import packed
from rollbook.web.access import actor, require_group
from rollbook.web.api.common import Body, Day, Id, Query, own_groups
from rollbook.web.api.me import MONTH
from rollbook.web.api.operations import operation
from rollbook.web.audit.reading import midnight, plain_body
from rollbook.web.parts import parts

FILES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
ONE_OF = f"^({'|'.join(LANGUAGES)})$"
SPOKEN = "of PDF and XLSX; none: the site's. CSV is the same in every language"
SEALED, ZIP = "application/octet-stream", "application/zip"


class ExportOrder(Body):
    """Which days of which groups, and as what: a month, or first and last day."""

    month: Annotated[str | None, Field(pattern=MONTH)] = None
    first_day: Day | None = Field(None, description="in the place of a month; with last_day")
    last_day: Day | None = Field(None, description="included; a year at most")
    format: Annotated[str, Field(pattern="^(csv|pdf|xlsx)$")]
    group_ids: list[Id] = Field(
        default_factory=list, max_length=500, description="none: all of one's own"
    )
    subject_id: Id | None = Field(None, description="this person's lines alone")
    hours: bool = Field(False, description="hours at work in the place of the register")
    language: Annotated[str | None, Field(pattern=ONE_OF, description=SPOKEN)] = None
    encrypt: bool = False
    sign: bool = Field(False, description="a ZIP of the file and its signed manifest")

    @model_validator(mode="after")
    def _one_way(self) -> ExportOrder:
        days = (self.first_day, self.last_day)
        if (self.month is None) == (days == (None, None)) or (
            days != (None, None) and None in days
        ):
            raise ValueError("give month, or first_day and last_day")
        return self

    @property
    def period(self) -> Period:
        """The days. Raises InvalidInput when they are not in order, or too many."""
        if self.first_day is None or self.last_day is None:
            return Month.parse(self.month or "")
        return Days(self.first_day, self.last_day)


class AuditEntriesQuery(Query):
    before: Annotated[
        int | None, Field(ge=1, le=2**62, description="entries with smaller numbers")
    ] = None
    size: Annotated[int, Field(ge=1, le=200)] = 50
    kind: EntryKind | None = None
    account_id: Id | None = None
    subject_id: Id | None = None
    first_day: Day | None = None
    last_day: Day | None = None


class AuditEntry(BaseModel):
    """One entry of the register; people are named by random id alone."""

    number: int
    kind: EntryKind
    session_id: str | None
    body: dict[str, JsonValue]


class AuditEntries(BaseModel):
    """Entries, newest first."""

    items: list[AuditEntry]
    before: int | None = Field(description="ask for the next page with it; null: there is none")
    total: int = Field(description="entries of the whole register")


@operation(
    "POST",
    "/exports",
    scope=Scope.EXPORTS_READ,
    body=ExportOrder,
    files=(*FILES.values(), SEALED, ZIP),
    refusals=(400, 404),
    token_only=True,
)
def export(body: ExportOrder) -> Response:
    """Make a file of a register or of hours; that it was made is in the register."""
    wanted = Wanted(
        period=body.period,
        file_format=body.format,
        group_names=_group_names(body.group_ids),
        person_id=body.subject_id,
        encrypt=body.encrypt,
        sign=body.sign,
        hours=body.hours,
        language=body.language or "",
    )
    made = packed(parts().exporter.hand_out(wanted, actor().by))
    kind = ZIP if body.sign else SEALED if body.encrypt else FILES[body.format]
    answer = Response(made.data, mimetype=kind)
    answer.headers.set("Content-Disposition", "attachment", filename=made.name)
    return answer


@operation(
    "GET",
    "/audit/entries",
    scope=Scope.AUDIT_READ,
    query=AuditEntriesQuery,
    answer=AuditEntries,
)
def audit_entries(query: AuditEntriesQuery) -> AuditEntries:
    """Read the register, newest first.

    A page may be short: go on with `before` until it is null.
    """
    page = parts().audit.page(
        AuditQuery(
            kinds=None if query.kind is None else frozenset({query.kind}),
            account_id=query.account_id,
            subject_id=query.subject_id,
            since=None if query.first_day is None else midnight(query.first_day),
            until=None if query.last_day is None else midnight(query.last_day, after=True),
            before=query.before,
            size=query.size,
        )
    )
    items = [
        AuditEntry(
            number=entry.number,
            kind=entry.kind,
            session_id=entry.session_id,
            body=dict(plain_body(entry)),
        )
        for entry in page.entries
    ]
    return AuditEntries(items=items, before=page.before, total=page.head)


def _group_names(group_ids: list[str]) -> list[str]:
    """Return the names of these groups, or of all that the account sees; never of none.

    Raises:
        NotFound: the account has no group, and must not get everybody's.
    """
    if group_ids:
        return [require_group(group_id).name for group_id in dict.fromkeys(group_ids)]
    own = own_groups()
    with parts().uow() as uow:
        names = [g.name for g in uow.groups.all() if own is None or g.group_id in own]
    if not names:
        raise NotFound("There is no group of yours.")
    return names
