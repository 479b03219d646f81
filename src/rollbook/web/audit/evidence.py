"""What shows that nobody changed the register: the witness, anchors, and the site's key."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, render_template, request
from flask_babel import gettext as _

from rollbook.domain.access import Permission
from rollbook.domain.anchors import (
    LONGEST,
    AnchorCheck,
    anchor_text,
    fingerprint,
    public_key_text,
    read_anchor,
)
from rollbook.domain.task_ports import TaskState
from rollbook.domain.witness import Standing
from rollbook.errors import InvalidInput, RegisterTampered
from rollbook.services.anchors import Made
from rollbook.web.access import actor, permit
from rollbook.web.audit.blueprint import blueprint
from rollbook.web.errors import sentence
from rollbook.web.parts import parts

SHOWN = 14  # anchors


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the page shows."""

    standing: Standing | None  # None: the head itself was changed
    made: list[Made]

    @property
    def covered(self) -> int:
        """How many entries the newest anchor vouches for."""
        return max((one.number for one in self.made), default=0)


@blueprint.get("/evidence")
@permit(Permission.AUDIT_READ)
def evidence() -> str:
    """Show how the register stands to its witness and its anchors."""
    return _page()


@blueprint.post("/anchor")
@permit(Permission.AUDIT_READ)
def download_anchor() -> Response:
    """Give the present head, signed, as a file; that it was made is the next entry."""
    made = parts().anchors.make(actor().by)
    answer = Response(anchor_text(made), mimetype="application/json")
    answer.headers.set("Content-Disposition", "attachment", filename=made.name)
    return answer


@blueprint.post("/anchor/check")
@permit(Permission.AUDIT_READ)
def check_anchor() -> str | tuple[str, int]:
    """Compare the register with an anchor that somebody kept."""
    sent = request.files.get("anchor")
    data = sent.stream.read(LONGEST + 1) if sent is not None else b""
    if not data:
        return _page(error=_("Please choose a file.")), 422
    try:
        found = parts().anchors.check(read_anchor(data))
    except (InvalidInput, RegisterTampered) as error:
        return _page(error=sentence(error)), 422
    state = _standing()
    if state is not None and not state.refuses:  # else nothing can be written
        parts().anchors.note_check(found, actor().by)
    return _page(found)


@blueprint.get("/site-key.pem")
@permit(Permission.AUDIT_READ)
def public_key() -> Response:
    """Give the public key with which anybody can check the site's signatures."""
    text = public_key_text(parts().anchors.public_key())
    answer = Response(text, mimetype="application/x-pem-file")
    answer.headers.set("Content-Disposition", "attachment", filename="rollbook-site-key.pem")
    return answer


def _page(found: AnchorCheck | None = None, error: str = "") -> str:
    shown = Evidence(_standing(), parts().anchors.made()[:SHOWN])
    task = parts().register_check.latest()
    return render_template(
        "audit/evidence.html",
        evidence=shown,
        found=found,
        error=error,
        fingerprint=fingerprint(parts().anchors.public_key()),
        checked=task if task is not None and task.state is TaskState.DONE else None,
    )


def _standing() -> Standing | None:
    try:
        return parts().standing()
    except RegisterTampered:
        return None
