"""Values for the parameters of routes, where the ids of the small school do not do.

Areas add to SAMPLES by the name of the endpoint; a function gets the `Site` of the test.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rollbook.services.unsubscribing import token_of

SAMPLES: dict[str, Callable[[Any], dict[str, str]]] = {}

DEFAULTS: dict[str, Callable[[Any], str]] = {
    "session_id": lambda site: site.session.session_id,
    "group_id": lambda site: site.group.group_id,
    "subject_id": lambda site: site.ada.subject_id,
    "user_id": lambda site: site.users["bob"].user_id,
}
UNKNOWN = "0" * 32

DEFAULTS["channel_id"] = lambda site: site.ids.get("channel_id", [UNKNOWN])[0]
DEFAULTS["recipient_id"] = lambda site: site.ids.get("recipient_id", [UNKNOWN])[0]
DEFAULTS["message_id"] = lambda site: UNKNOWN
SAMPLES["messages.text"] = SAMPLES["messages.set_text"] = lambda site: {
    "kind": "absent",
    "language": "en",
}
SAMPLES["messages.stop"] = SAMPLES["messages.stop_post"] = lambda site: {"token": _stopping(site)}
PAPER = {"kind": "notice", "language": "en"}
SAMPLES["privacy.paper"] = SAMPLES["privacy.publish"] = lambda site: PAPER
SAMPLES["privacy.paper_as_file"] = lambda site: {**PAPER, "ending": "txt"}
DEFAULTS["document_id"] = lambda site: "notice-en-2026-03-02-000000"
SAMPLES["privacy.version_as_file"] = lambda site: {
    "document_id": site.ids.get("document_id", [DEFAULTS["document_id"](site)])[0],
    "ending": "txt",
}
DEFAULTS["destination_id"] = lambda site: site.ids.get("destination_id", ["0" * 32])[0]
SAMPLES["privacy.access_file"] = lambda site: {
    "subject_id": site.ada.subject_id,
    "task_id": UNKNOWN,
}
SAMPLES["me.own_archive"] = lambda site: {"task_id": UNKNOWN}
DEFAULTS["plan_id"] = lambda site: site.ids.get("plan_id", [UNKNOWN])[0]


def _stopping(site: Any) -> str:
    """Return the token of the link that ends a recipient's messages."""
    with site.parts.uow() as uow:
        return token_of(uow.vault, DEFAULTS["recipient_id"](site))
