"""The page that installs the site's authority on a device, and the files for it."""

from __future__ import annotations

import io
from urllib.parse import quote

import segno
from flask import Blueprint, Response, abort, render_template, url_for
from markupsafe import Markup

from rollbook.network.certificates import Authority
from rollbook.network.profile import TYPE
from rollbook.web.access import public
from rollbook.web.parts import options, parts

blueprint = Blueprint("trust", __name__, url_prefix="/trust")


@blueprint.get("")
@public
def index() -> str:
    """Say how each kind of device is made to trust this site."""
    authority = parts().authority
    reached = options()
    code = qr_code(reached.trust_address) if reached.trust_address else None
    return render_template(
        "trust/index.html", authority=authority, reached=reached, qr=code, files=_files()
    )


@blueprint.get("/rollbook-ca.crt")
@public
def certificate() -> Response:
    """The authority for Android, Windows and macOS."""
    return _file(_authority().der, "application/x-x509-ca-cert", "rollbook-ca.crt")


@blueprint.get("/rollbook-ca.pem")
@public
def pem() -> Response:
    """The authority for Linux and Firefox."""
    return _file(_authority().pem, "application/x-pem-file", "rollbook-ca.pem")


@blueprint.get("/rollbook.mobileconfig")
@public
def profile() -> Response:
    """The authority as a profile for iPad and iPhone."""
    _authority()
    return Response(parts().trust_profile(), mimetype=TYPE)  # Safari offers it by its type


def qr_code(text: str) -> Markup:
    """Return a QR code as SVG that stands in a page by itself: no style, no namespace."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=3, nl=False
    )
    return Markup(out.getvalue().decode())  # noqa: S704 - made of squares, not of the text


def _files() -> dict[str, str]:
    return {
        "crt": url_for("trust.certificate"),
        "pem": url_for("trust.pem"),
        "profile": url_for("trust.profile"),
    }


def _authority() -> Authority:
    found = parts().authority
    if found is None:
        abort(404)
    return found


def _file(content: bytes, kind: str, name: str) -> Response:
    answer = Response(content, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{quote(name)}"'
    return answer
