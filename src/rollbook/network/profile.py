"""The authority as a profile that an iPad or iPhone installs from a page."""

from __future__ import annotations

import plistlib
import uuid

from rollbook.network.certificates import Authority

TYPE = "application/x-apple-aspen-config"


def mobile_profile(authority: Authority, site_name: str) -> bytes:
    """Return a configuration profile; the same authority always gives the same identifiers."""
    seed = authority.fingerprint
    called = f"Rollbook ({site_name})" if site_name else "Rollbook"
    certificate = {
        "PayloadType": "com.apple.security.root",
        "PayloadVersion": 1,
        "PayloadIdentifier": "local.rollbook.authority.certificate",
        "PayloadUUID": _uuid(seed, "certificate"),
        "PayloadDisplayName": called,
        "PayloadCertificateFileName": "rollbook-ca.crt",
        "PayloadContent": authority.der,
    }
    profile = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": "local.rollbook.authority",
        "PayloadUUID": _uuid(seed, "profile"),
        "PayloadDisplayName": called,
        "PayloadDescription": "Lets this device open Rollbook on the local network by HTTPS.",
        "PayloadRemovalDisallowed": False,
        "PayloadContent": [certificate],
    }
    return plistlib.dumps(profile)


def _uuid(seed: str, what: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{seed} {what}")).upper()
