"""Receipts of all kinds, to be read, printed, and checked elsewhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _

from rollbook.domain.access import Permission
from rollbook.domain.receipts import Receipt, ReceiptKind
from rollbook.domain.retention import Rule
from rollbook.services.receipt_words import erasure_words
from rollbook.storage.repositories.receipts import RECEIPT, signed_text
from rollbook.storage.signing import is_signed
from rollbook.web.access import permit
from rollbook.web.parts import parts
from rollbook.web.privacy import words
from rollbook.web.privacy.area import blueprint
from rollbook.web.privacy.showing import attachment
from rollbook.web.times import day, moment
from rollbook.web.words import who

MOST = 500
IDS_SHOWN = 40


@blueprint.get("/receipts")
@permit(Permission.PRIVACY)
def receipts() -> str:
    """The newest receipts, of all kinds or of one."""
    chosen = request.args.get("kind", "")
    kinds = [ReceiptKind(chosen)] if chosen in set(ReceiptKind) else None
    with parts().uow() as uow:
        found = uow.receipts.all(kinds, MOST)
    return render_template(
        "privacy/receipts.html", found=found, chosen=chosen, words=words.RECEIPTS, most=MOST
    )


@blueprint.get("/receipts/<receipt_id>")
@permit(Permission.PRIVACY)
def receipt(receipt_id: str) -> str:
    """One receipt, in a form that can be printed."""
    found = _receipt(receipt_id)
    with parts().uow() as uow:
        key = uow.vault.public_key
    return render_template(
        "privacy/receipt.html",
        receipt=found,
        name=words.RECEIPTS[found.kind],
        told=list(_told(found)),
        genuine=is_signed(key, RECEIPT, signed_text(found), found.signature),
        lines=list(_lines(found.body)),
        deleted=_deleted(found),
        sentences=_sentences(found),
        signature=base64.b64encode(found.signature).decode(),
        public_key=base64.b64encode(key).decode(),
    )


@blueprint.get("/receipts/<receipt_id>.json")
@permit(Permission.PRIVACY)
def receipt_as_json(receipt_id: str) -> Any:
    """The same for a program: what was signed, the signature, and the key that checks it."""
    found = _receipt(receipt_id)
    with parts().uow() as uow:
        key = uow.vault.public_key
    told = {
        "receipt": found.receipt_id,
        "kind": found.kind.value,
        "at": found.at.isoformat(),
        "body": dict(found.body),
        "signature": base64.b64encode(found.signature).decode(),
        "public_key": base64.b64encode(key).decode(),
    }
    text = json.dumps(told, ensure_ascii=False, indent=2)
    return attachment(text, "json", f"receipt-{found.receipt_id[:8]}")


def _receipt(receipt_id: str) -> Receipt:
    with parts().uow() as uow:
        return uow.receipts.get(receipt_id)


def _sentences(found: Receipt) -> list[str]:
    """Return what the receipt of an erasure says, in the page's language."""
    if found.kind is not ReceiptKind.ERASURE:
        return []
    body = dict(found.body)
    with parts().uow() as uow:
        body["by"] = who(uow, str(body.get("by", "")))
    for name, shown in (("erased_at", moment), ("last_key_copy_until", day)):
        if body.get(name):
            body[name] = shown(datetime.fromisoformat(str(body[name])))
    return erasure_words(body, _)


def _deleted(found: Receipt) -> list[tuple[Any, int]]:
    """Return what a purge deleted, in words."""
    counts = found.body.get("counts")
    if found.kind is not ReceiptKind.PURGE or not isinstance(counts, Mapping):
        return []
    return [
        (words.RULES[Rule(rule)] if rule in set(Rule) else rule, count)
        for rule, count in counts.items()
    ]


def _told(found: Receipt) -> Iterator[tuple[Any, str]]:
    """Yield (name, value) of what has words, in the page's language."""
    if found.kind is ReceiptKind.ERASURE:
        return  # it has sentences
    for name, word in words.SIGNED.items():
        value = found.body.get(name)
        if name == "by" and value:
            with parts().uow() as uow:
                yield word, who(uow, str(value))
        elif name in {"made_at", "began"} and value:
            yield word, moment(datetime.fromisoformat(str(value)))
        elif isinstance(value, str | int) and value != "":
            yield word, str(value)


def _lines(body: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield (name, value) of a receipt's body; what lies deeper has both names."""
    for name, value in body.items():
        shown = f"{before}{str(name).replace('_', ' ')}"
        if isinstance(value, Mapping):
            yield from _lines(value, f"{shown} · ")
        elif isinstance(value, list):
            yield shown, _list(value)
        else:
            yield shown, "–" if value is None else str(value)


def _list(values: list[Any]) -> str:
    shown = ", ".join(str(one) for one in values[:IDS_SHOWN])
    left = len(values) - IDS_SHOWN
    return _("%(shown)s and %(count)s more", shown=shown, count=left) if left > 0 else shown or "–"
