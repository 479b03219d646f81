"""Manifests: what was handed out, signed by the site, so that others can tell it from a forgery.

Nothing else is needed to check one: no installation, no database.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from rollbook.domain.anchors import KEY, LINK, SIGNATURE, fingerprint
from rollbook.domain.told import instant, number, octets
from rollbook.errors import InvalidInput

PURPOSE = "export"  # what the signature is for
WHAT = "Signed export of Rollbook"
SUFFIX = ".manifest.json"
LONGEST = 64 * 1024  # bytes of a manifest
LONGEST_LINE = 300  # characters
MOST_FILES = 100
IsSigned = Callable[[bytes, str, bytes, bytes], bool]
"""Return whether a public key signed a message for a purpose: key, purpose, message, signature."""


@dataclass(frozen=True, slots=True)
class SignedFile:
    """One file that is vouched for."""

    name: str  # without a folder
    size: int  # bytes
    sha256: bytes  # 32 bytes

    def __post_init__(self) -> None:
        name, odd = self.name, set(self.name) & set("/\\:")
        if odd or name in ("", ".", "..") or len(name) > LONGEST_LINE or not name.isprintable():
            raise InvalidInput(
                "A file that is signed needs a name that every system can use: no slash, "
                "backslash, colon or line break."
            )


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the site says of files that it handed out."""

    files: tuple[SignedFile, ...]
    site: str  # its name
    period: str  # 2025-04, or first and last day
    made_at: datetime  # UTC
    number: int  # of the newest entry of the register then
    link: bytes  # 32 bytes: its last link, as an anchor would hold it
    public_key: bytes  # 32 bytes, of the site that signed
    signature: bytes = b""  # 64 bytes

    @property
    def message(self) -> bytes:
        """The bytes that are signed."""
        return json.dumps(self._told(), sort_keys=True, separators=(",", ":")).encode()

    def text(self) -> str:
        """Return the manifest as a file: JSON that a person can read."""
        told = {**self._told(), "signature": self.signature.hex()}
        return json.dumps(told, indent=2, ensure_ascii=False) + "\n"

    def _told(self) -> dict[str, object]:
        return {
            "what": WHAT,
            "version": 1,
            "site": self.site,
            "period": self.period,
            "made_at": self.made_at.isoformat(),
            "files": [
                {"name": one.name, "size": one.size, "sha256": one.sha256.hex()}
                for one in self.files
            ],
            "entries": self.number,
            "last_link": self.link.hex(),
            "site_key": self.public_key.hex(),
        }


class ManifestState(StrEnum):
    """What comparing files with their manifest found."""

    HOLDS = "holds"
    FORGED = "forged"
    OTHER_SITE = "other site"
    CHANGED = "changed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class ManifestCheck:
    """What was found, and of which file where it is one file's fault."""

    state: ManifestState
    manifest: Manifest
    name: str = ""
    key_given: bool = False  # compared with a public key that was kept elsewhere

    @property
    def holds(self) -> bool:
        return self.state is ManifestState.HOLDS

    @property
    def sentences(self) -> tuple[str, ...]:
        """What it means, in English."""
        found = self.manifest
        values = {
            "name": self.name or ", ".join(one.name for one in found.files),
            "site": found.site,
            "at": f"{found.made_at:%Y-%m-%d %H:%M} UTC",
            "period": found.period,
            "number": found.number,
            "fingerprint": fingerprint(found.public_key),
        }
        told = [SENTENCES[self.state.value] % values]
        if self.holds:
            told.append(SENTENCES["known key" if self.key_given else "any key"] % values)
        return tuple(told)


SENTENCES = {
    "holds": "%(name)s is exactly what “%(site)s” signed at %(at)s for %(period)s, when its "
    "register had %(number)s entries.",
    "known key": "The signature is that of the public key you gave.",
    "any key": "That it was this site, only its key can tell: compare the fingerprint with the one "
    "that the site gave you, or give its key with --public-key. Fingerprint: %(fingerprint)s",
    "forged": "The signature of this manifest does not hold: it was altered, or nobody signed it. "
    "Nothing that it says can be relied on.",
    "other site": "This was signed with another key than the one you gave: it comes from another "
    "site, or somebody made it up. Fingerprint of the key that signed: %(fingerprint)s",
    "changed": "%(name)s is not the file that was signed: it was changed afterwards, or another "
    "file was put in its place.",
    "missing": "%(name)s is not among the files that were signed, or it is not there.",
}


def check_manifest(
    manifest: Manifest,
    found: Mapping[str, tuple[int, bytes]],
    is_signed: IsSigned,
    public_key: bytes | None = None,
) -> ManifestCheck:
    """Compare files, by name (size, SHA-256), with their manifest.

    `public_key`: the site's, kept elsewhere; None trusts the one in the manifest, which then
    proves only that nothing was changed since somebody signed.
    """
    given = public_key is not None
    signed = (manifest.public_key, PURPOSE, manifest.message, manifest.signature)
    if not is_signed(*signed):
        return ManifestCheck(ManifestState.FORGED, manifest)
    if given and manifest.public_key != public_key:
        return ManifestCheck(ManifestState.OTHER_SITE, manifest)
    known = {one.name: (one.size, one.sha256) for one in manifest.files}
    for name in (*known, *found):
        if name not in known or name not in found:
            return ManifestCheck(ManifestState.MISSING, manifest, name)
        if known[name] != found[name]:
            return ManifestCheck(ManifestState.CHANGED, manifest, name)
    return ManifestCheck(ManifestState.HOLDS, manifest, key_given=given)


def read_manifest(data: bytes) -> Manifest:
    """Return the manifest of a file; whether its signature holds is not looked at.

    Raises:
        InvalidInput: it is not a manifest.
    """
    try:
        if len(data) > LONGEST:
            raise ValueError("longer than a manifest")
        told = json.loads(data)
        if told["what"] != WHAT or told["version"] != 1:
            raise ValueError("something else")
        return _manifest(told)
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        OverflowError,
    ) as error:
        raise InvalidInput(
            "This is not a manifest of Rollbook. Give the exported file, with the file "
            "…%(suffix)s that belongs to it beside it, or the ZIP file that holds both.",
            suffix=SUFFIX,
        ) from error


def _manifest(told: Mapping[str, Any]) -> Manifest:
    files = told["files"]
    if not isinstance(files, list) or not 1 <= len(files) <= MOST_FILES:
        raise ValueError("no files, or too many")
    return Manifest(
        files=tuple(map(_file, files)),
        site=_line(told["site"]),
        period=_line(told["period"]),
        made_at=instant(told["made_at"]),
        number=number(told["entries"]),
        link=octets(told["last_link"], LINK),
        public_key=octets(told["site_key"], KEY),
        signature=octets(told["signature"], SIGNATURE),
    )


def _file(told: Mapping[str, Any]) -> SignedFile:
    return SignedFile(_line(told["name"]), number(told["size"]), octets(told["sha256"], 32))


def _line(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_LINE or not value.isprintable():
        raise ValueError("not one line")
    return value
