"""Passkeys: what the browser is asked, and whether what a device signed is right."""

from __future__ import annotations

import ipaddress
import json
from base64 import b64decode, b64encode
from typing import Any

import webauthn
from flask import request, session
from webauthn.helpers import options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from rollbook.domain.accounts import User
from rollbook.domain.passkeys import Passkey
from rollbook.web.parts import parts

CHALLENGE = "challenge"  # in the browser's session, for one answer
VERIFIED = UserVerificationRequirement.REQUIRED
_TRANSPORTS = {transport.value for transport in AuthenticatorTransport}


def host() -> str:
    """Return the name under which the site was asked for, without port."""
    return request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host


def are_possible() -> bool:
    """Return whether browsers offer passkeys here: at localhost, or a real name over HTTPS."""
    name = host()
    if name == "localhost":
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return request.scheme == "https"
    return False


def origin() -> str:
    return f"{request.scheme}://{request.host}"


def registration(user: User, site: str) -> dict[str, Any]:
    """Return what the browser is asked to make a passkey with."""
    options = webauthn.generate_registration_options(
        rp_id=host(),
        rp_name=site,
        user_id=bytes.fromhex(user.user_id),
        user_name=user.login,
        user_display_name=user.shown,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=VERIFIED
        ),
        exclude_credentials=_descriptors(user),
    )
    return _asked(options)


def assertion(user: User | None) -> dict[str, Any]:
    """Return what the browser is asked to sign; with a user, by one of their passkeys."""
    options = webauthn.generate_authentication_options(
        rp_id=host(),
        user_verification=VERIFIED,
        allow_credentials=_descriptors(user) if user is not None else None,
    )
    return _asked(options)


def registered(credential: Any) -> tuple[bytes, bytes, int, tuple[str, ...]] | None:
    """Return credential, public key, counter and transports; None when the answer is not right."""
    challenge = _challenge()
    if challenge is None:
        return None
    try:
        found = webauthn.verify_registration_response(
            credential=json.dumps(credential),
            expected_challenge=challenge,
            expected_rp_id=host(),
            expected_origin=origin(),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError):
        return None
    named = credential.get("response", {}).get("transports", [])
    transports = tuple(name for name in named if name in _TRANSPORTS)
    return found.credential_id, found.credential_public_key, found.sign_count, transports


def signed_by(credential: Any, only: User | None = None) -> User | None:
    """Return whose passkey has signed the challenge; None when it is not right.

    With `only` a passkey of somebody else is not right.
    """
    challenge = _challenge()
    found = _passkey(credential) if challenge is not None else None
    if found is None or challenge is None:
        return None
    user, passkey = found
    if only is not None and only.user_id != user.user_id:
        return None
    uses = _verified(credential, challenge, passkey)
    if uses is None:
        return None
    parts().passkeys.used(passkey, uses)
    return user


def _verified(credential: Any, challenge: bytes, passkey: Passkey) -> int | None:
    try:
        done = webauthn.verify_authentication_response(
            credential=json.dumps(credential),
            expected_challenge=challenge,
            expected_rp_id=host(),
            expected_origin=origin(),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.uses,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError):
        return None
    uses: int = done.new_sign_count
    return uses


def _passkey(credential: Any) -> tuple[User, Passkey] | None:
    try:
        raw = webauthn.base64url_to_bytes(credential["rawId"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return parts().passkeys.find(raw)


def _asked(options: Any) -> dict[str, Any]:
    session[CHALLENGE] = {
        "value": b64encode(options.challenge).decode(),
        "at": parts().clock.now().timestamp(),
    }
    asked: dict[str, Any] = options_to_json_dict(options)
    return asked


def _challenge() -> bytes | None:
    """Return the challenge of this session, which counts for one answer within five minutes."""
    kept = session.pop(CHALLENGE, None)
    if not isinstance(kept, dict) or parts().clock.now().timestamp() - kept["at"] > 300:
        return None
    return b64decode(kept["value"])


def _descriptors(user: User) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=passkey.credential,
            transports=[AuthenticatorTransport(name) for name in passkey.transports],
        )
        for _, passkey in parts().passkeys.of(user.user_id)
    ]
