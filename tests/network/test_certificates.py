"""The local authority and the machine's certificate, as clients judge them."""

from __future__ import annotations

import ipaddress
import os
import plistlib
import socket
import ssl
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from rollbook.errors import ConfigurationError
from rollbook.network.certificates import (
    Authority,
    CertificateFiles,
    authority,
    authority_files,
    existing_authority,
    machine_certificate,
)
from rollbook.network.given import given_certificate
from rollbook.network.names import MachineNames, machine_names
from rollbook.network.profile import mobile_profile

NOW = datetime.now(UTC)
MACHINE = MachineNames(
    ("localhost", "school-pc", "school-pc.local"),
    tuple(ipaddress.ip_address(a) for a in ("127.0.0.1", "::1", "192.168.1.20", "fd00::20")),
)


def handshake(files: CertificateFiles, trusted: bytes, asked: str) -> str | None:
    """Return why a client that trusts this authority refuses the server, or None."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(files.certificate, files.key)
    calling = ssl.create_default_context(cadata=trusted.decode())
    left, right = socket.socketpair()

    def serve() -> None:
        try:
            serving.wrap_socket(left, server_side=True).close()
        except (ssl.SSLError, OSError):
            left.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        calling.wrap_socket(right, server_hostname=asked).close()
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    finally:
        right.close()
        thread.join(5)
    return None


@pytest.fixture
def signer(tmp_path: Path) -> Authority:
    return authority(tmp_path / "keys", MACHINE, NOW)


@pytest.mark.parametrize("asked", ["localhost", "school-pc.local", "127.0.0.1", "192.168.1.20"])
def test_who_trusts_the_authority_accepts_every_name_of_the_machine(
    signer: Authority, tmp_path: Path, asked: str
) -> None:
    files = machine_certificate(tmp_path / "keys", MACHINE, NOW)
    assert handshake(files, signer.pem, asked) is None
    assert asked in files.hosts and "[fd00::20]" in files.hosts


def test_nobody_else_accepts_it_and_no_other_name_is_accepted(
    signer: Authority, tmp_path: Path
) -> None:
    files = machine_certificate(tmp_path / "keys", MACHINE, NOW)
    stranger = authority(tmp_path / "other", MACHINE, NOW)
    assert handshake(files, stranger.pem, "localhost") is not None
    assert handshake(files, signer.pem, "192.168.1.21") is not None


def test_the_authority_cannot_vouch_for_the_world(signer: Authority, tmp_path: Path) -> None:
    limits = signer.certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    assert limits.permitted_subtrees
    keys = tmp_path / "keys"
    moved = replace(
        MACHINE,
        names=(*MACHINE.names, "bank.example"),
        addresses=(*MACHINE.addresses, ipaddress.ip_address("203.0.113.9")),
    )
    files = machine_certificate(keys, moved, NOW)
    assert "bank.example" not in files.hosts and "203.0.113.9" not in files.hosts


def test_a_machine_with_a_public_address_gets_an_authority_for_its_network(tmp_path: Path) -> None:
    public = replace(MACHINE, addresses=(ipaddress.ip_address("203.0.113.9"),))
    keys = tmp_path / "keys"
    signer = authority(keys, public, NOW)
    files = machine_certificate(keys, public, NOW)
    assert handshake(files, signer.pem, "203.0.113.9") is None


def test_a_certificate_stays_until_names_change_or_its_end_is_near(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    first = machine_certificate(keys, MACHINE, NOW).certificate.read_bytes()
    assert machine_certificate(keys, MACHINE, NOW).certificate.read_bytes() == first
    soon = NOW + timedelta(days=340)
    assert machine_certificate(keys, MACHINE, soon).certificate.read_bytes() == first
    late = machine_certificate(keys, MACHINE, NOW + timedelta(days=370)).certificate.read_bytes()
    assert late != first
    moved = replace(MACHINE, addresses=(*MACHINE.addresses[:2], ipaddress.ip_address("10.0.0.9")))
    before = authority_files(keys)[0].read_bytes()
    files = machine_certificate(keys, moved, NOW + timedelta(days=370))
    assert files.certificate.read_bytes() != late and "10.0.0.9" in files.hosts
    assert authority_files(keys)[0].read_bytes() == before, "devices would have to trust anew"


def test_the_machine_s_certificate_lasts_no_longer_than_devices_accept(tmp_path: Path) -> None:
    files = machine_certificate(tmp_path / "keys", MACHINE, NOW)
    leaf = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=398)
    assert files.ends_at == leaf.not_valid_after_utc


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_keys_can_be_read_by_this_user_alone(tmp_path: Path) -> None:
    machine_certificate(tmp_path / "keys", MACHINE, NOW)
    for file in (tmp_path / "keys").iterdir():
        assert file.stat().st_mode & 0o077 == 0, file
    assert (tmp_path / "keys").stat().st_mode & 0o077 == 0


def test_damaged_files_are_told_or_replaced(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    assert existing_authority(keys) is None
    files = machine_certificate(keys, MACHINE, NOW)
    files.certificate.write_text("nothing")
    machine_certificate(keys, MACHINE, NOW)
    assert "BEGIN CERTIFICATE" in files.certificate.read_text()
    authority_files(keys)[1].write_text("nothing")
    with pytest.raises(ConfigurationError, match=r"lan-ca\.key"):
        machine_certificate(keys, MACHINE, NOW)


def test_a_given_certificate_is_taken_with_its_names(tmp_path: Path) -> None:
    made = machine_certificate(tmp_path / "keys", MACHINE, NOW)
    found = given_certificate(made.certificate, made.key, NOW)
    assert found.hosts == made.hosts


def test_wrong_files_are_told_in_one_sentence(tmp_path: Path) -> None:
    one = machine_certificate(tmp_path / "one", MACHINE, NOW)
    two = machine_certificate(tmp_path / "two", MACHINE, NOW)
    nothing, text = tmp_path / "nothing.pem", tmp_path / "text.pem"
    text.write_text("no certificate")
    locked = tmp_path / "locked.pem"
    key = serialization.load_pem_private_key(one.key.read_bytes(), None)
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    for certificate, own, said in (
        (nothing, one.key, "cannot be read"),
        (one.certificate, nothing, "cannot be read"),
        (text, one.key, "no certificate in PEM form"),
        (one.certificate, text, "no key in PEM form"),
        (one.certificate, two.key, "does not belong"),
        (one.certificate, locked, "without a password"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            given_certificate(certificate, own, NOW)
    with pytest.raises(ConfigurationError, match="not valid now"):
        given_certificate(one.certificate, one.key, NOW + timedelta(days=500))


def test_the_profile_for_ipads_holds_the_authority(signer: Authority) -> None:
    read = plistlib.loads(mobile_profile(signer, "Hill School"))
    (payload,) = read["PayloadContent"]
    assert payload["PayloadContent"] == signer.der
    assert payload["PayloadDisplayName"] == "Rollbook (Hill School)"
    assert mobile_profile(signer, "") == mobile_profile(signer, "")


def test_this_machine_has_names_that_can_be_written_into_a_certificate() -> None:
    found = machine_names()
    assert found.names[0] == "localhost"
    assert len(set(found.addresses)) == len(found.addresses) >= 2
    assert not any(a.is_link_local or a.is_unspecified for a in found.addresses)
    assert machine_names("School_PC!").names == ("localhost",)
    assert machine_names("Hill.School.example").names == (
        "localhost",
        "hill.school.example",
        "hill.local",
    )


def test_others_are_told_an_address_of_the_local_network_first() -> None:
    assert MACHINE.best == "192.168.1.20"
    assert replace(MACHINE, addresses=MACHINE.addresses[:2]).best == "localhost"
    assert replace(MACHINE, addresses=(ipaddress.ip_address("fd00::20"),)).best == "[fd00::20]"
