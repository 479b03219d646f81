"""Faces that wait for a person's decision, and the settings of the site."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select, update

from rollbook.domain.ports import ReviewItem
from rollbook.errors import NotFound
from rollbook.storage.codec import from_json, instant, iso, to_json
from rollbook.storage.row_digests import SqlRowDigests
from rollbook.storage.tables import reviews, site
from rollbook.storage.vault import SqlVault

REVIEW, SETTING = "review", "setting"


class SqlReviews:
    """Faces that wait, each sealed as a whole."""

    def __init__(self, connection: Connection, vault: SqlVault) -> None:
        self._connection = connection
        self._vault = vault

    def add(self, item: ReviewItem) -> None:
        payload = to_json(
            {"body": item.body, "created_at": iso(item.created_at), "session": item.session_id}
        )
        row = {
            "review_id": item.review_id,
            "session_id": item.session_id,
            "payload": self._vault.seal(payload, purpose=REVIEW, owner=item.review_id),
        }
        self._connection.execute(insert(reviews).values(row))

    def all(self, session_id: str | None = None) -> list[ReviewItem]:
        """Return what waits, oldest first."""
        query = select(reviews).order_by(reviews.c.number)
        if session_id is not None:
            query = query.where(reviews.c.session_id == session_id)
        rows = self._connection.execute(query)
        return [self._open(row.review_id, bytes(row.payload)) for row in rows]

    def get(self, review_id: str) -> ReviewItem:
        query = select(reviews.c.payload).where(reviews.c.review_id == review_id)
        token = self._connection.execute(query).scalar()
        if token is None:
            raise NotFound("There is no such face to decide on.")
        return self._open(review_id, bytes(token))

    def delete(self, review_id: str) -> None:
        gone = delete(reviews).where(reviews.c.review_id == review_id)
        if self._connection.execute(gone).rowcount == 0:
            raise NotFound("There is no such face to decide on.")

    def _open(self, review_id: str, token: bytes) -> ReviewItem:
        fields = from_json(self._vault.open(token, purpose=REVIEW, owner=review_id))
        return ReviewItem(
            review_id, fields["session"], fields["body"], instant(fields["created_at"])
        )


class SqlSiteSettings:
    """JSON values by name; the values are sealed."""

    def __init__(self, connection: Connection, vault: SqlVault, digests: SqlRowDigests) -> None:
        self._connection = connection
        self._vault = vault
        self._digests = digests

    def get(self, key: str, default: object = None) -> object:
        query = select(site.c.payload).where(site.c.key == key)
        token = self._connection.execute(query).scalar()
        if token is None:
            return default
        value: object = from_json(self._vault.open(bytes(token), purpose=SETTING, owner=key))
        return value

    def set(self, key: str, value: object) -> None:
        payload = self._vault.seal(to_json(value), purpose=SETTING, owner=key)
        changed = update(site).where(site.c.key == key).values(payload=payload)
        if self._connection.execute(changed).rowcount == 0:
            self._connection.execute(insert(site).values(key=key, payload=payload))
        self._digests.changed_setting(key)
