"""The site's own certificate authority, and the certificate of this machine that it signs.

The authority may vouch for names of local networks and for private addresses alone, so that
whoever steals its key cannot pretend to be a bank. It is made once, since every tablet has to be
told to trust it; the machine's certificate is made anew when names change or its time runs out.
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rollbook.errors import ConfigurationError, StorageUnavailable
from rollbook.network.names import Address, MachineNames

AUTHORITY_YEARS = 10
MACHINE_DAYS = 397  # Apple refuses more than 825 from an own authority, others more than 398
RENEW_DAYS = 30
LOCAL_DOMAINS = ("localhost", "local", "lan", "home", "internal", "intranet", "home.arpa")
PRIVATE_NETWORKS = (
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "100.64.0.0/10",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """What a server needs for HTTPS, and what it is good for."""

    certificate: Path
    key: Path
    hosts: tuple[str, ...]  # as they stand in a Host header
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Authority:
    """The site's authority."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def fingerprint(self) -> str:
        """SHA-256 in pairs of digits, to be compared with what a device shows."""
        digits = self.certificate.fingerprint(hashes.SHA256()).hex().upper()
        return ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))


def authority_files(keys_dir: Path) -> tuple[Path, Path]:
    """Return where certificate and key of the authority lie."""
    return keys_dir / "lan-ca.crt", keys_dir / "lan-ca.key"


def authority(keys_dir: Path, machine: MachineNames, now: datetime) -> Authority:
    """Return the site's authority; make it when there is none.

    Raises:
        ConfigurationError: its files cannot be read.
        StorageUnavailable: they cannot be written.
    """
    found = existing_authority(keys_dir)
    if found is not None and found.certificate.not_valid_after_utc > now:
        return found
    made = _new_authority(machine, now)
    certificate, key = authority_files(keys_dir)
    _write(key, _key_pem(made.key))
    _write(certificate, made.pem)
    return made


def existing_authority(keys_dir: Path) -> Authority | None:
    """Return the authority if one was made.

    Raises:
        ConfigurationError: its files cannot be read.
    """
    certificate, key = authority_files(keys_dir)
    if not certificate.is_file() or not key.is_file():
        return None
    try:
        loaded = serialization.load_pem_private_key(key.read_bytes(), None)
        read = x509.load_pem_x509_certificate(certificate.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"The certificate authority in {certificate.parent} cannot be read. Put its two files "
            "lan-ca.crt and lan-ca.key back from a copy, or delete both: then a new one is made, "
            "which every device has to trust anew."
        ) from error
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise ConfigurationError(f"The file {key} does not hold the authority's key.")
    return Authority(read, loaded)


def machine_certificate(keys_dir: Path, machine: MachineNames, now: datetime) -> CertificateFiles:
    """Return the machine's certificate; made anew when names changed or its end is near.

    Raises:
        ConfigurationError, StorageUnavailable: as `authority`.
    """
    signer = authority(keys_dir, machine, now)
    certificate, key = keys_dir / "lan-server.crt", keys_dir / "lan-server.key"
    names = _vouched(signer, machine)
    current = _still_good(certificate, key, signer, names, now)
    if current is None:
        own = ec.generate_private_key(ec.SECP256R1())
        current = _new_certificate(signer, own, names, now)
        _write(key, _key_pem(own))
        chain = current.public_bytes(serialization.Encoding.PEM) + signer.pem
        _write(certificate, chain)
    return CertificateFiles(certificate, key, names.hosts, current.not_valid_after_utc)


def _new_authority(machine: MachineNames, now: datetime) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"Rollbook on {machine.names[-1]}", "Rollbook local authority")
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    limits = x509.NameConstraints(_permitted(machine), None)
    certificate = (
        _dated(now, timedelta(days=365 * AUTHORITY_YEARS))
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(limits, critical=False)  # old clients refuse what is critical and unknown
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def _permitted(machine: MachineNames) -> list[x509.GeneralName]:
    """Return local domains, this machine's names, private networks and this machine's own."""
    domains = dict.fromkeys((*LOCAL_DOMAINS, *machine.names))
    networks: dict[Network, None] = dict.fromkeys(ipaddress.ip_network(n) for n in PRIVATE_NETWORKS)
    for address in machine.addresses:
        if not any(address in network for network in networks):
            length = 24 if address.version == 4 else 64
            networks[ipaddress.ip_network(f"{address}/{length}", strict=False)] = None
    names: list[x509.GeneralName] = [x509.DNSName(domain) for domain in domains]
    return names + [x509.IPAddress(network) for network in networks]


def _vouched(signer: Authority, machine: MachineNames) -> MachineNames:
    """Return the names that the authority may vouch for."""
    limits = signer.certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    permitted = limits.permitted_subtrees or []
    domains = [one.value for one in permitted if isinstance(one, x509.DNSName)]
    networks = [one.value for one in permitted if isinstance(one, x509.IPAddress)]
    return MachineNames(
        tuple(n for n in machine.names if any(n == d or n.endswith(f".{d}") for d in domains)),
        tuple(a for a in machine.addresses if any(_inside(a, network) for network in networks)),
    )


def _inside(address: Address, network: object) -> bool:
    networks = (ipaddress.IPv4Network, ipaddress.IPv6Network)
    return isinstance(network, networks) and address in network


def _new_certificate(
    signer: Authority, key: ec.EllipticCurvePrivateKey, names: MachineNames, now: datetime
) -> x509.Certificate:
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names.names]
    alternatives += [x509.IPAddress(address) for address in names.addresses]
    server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key())
    return (
        _dated(now, timedelta(days=MACHINE_DAYS))
        .subject_name(_name(names.names[-1], "Rollbook"))
        .issuer_name(signer.certificate.subject)
        .public_key(key.public_key())
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(server, critical=False)
        .add_extension(issuer, critical=False)
        .sign(signer.key, hashes.SHA256())
    )


def _dated(now: datetime, span: timedelta) -> x509.CertificateBuilder:
    begins = now - timedelta(hours=1)  # for devices whose clock is a little behind
    builder = x509.CertificateBuilder().serial_number(x509.random_serial_number())
    return builder.not_valid_before(begins).not_valid_after(begins + span)


def _name(common: str, organisation: str) -> x509.Name:
    parts = ((NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, common[:64]))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _still_good(
    certificate: Path, key: Path, signer: Authority, names: MachineNames, now: datetime
) -> x509.Certificate | None:
    """Return the certificate that is there, or None when another one is needed."""
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        own = serialization.load_pem_private_key(key.read_bytes(), None)
        found.verify_directly_issued_by(signer.certificate)
        said = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return None
    held = (
        set(said.get_values_for_type(x509.DNSName)),
        set(said.get_values_for_type(x509.IPAddress)),
    )
    same = held == (set(names.names), set(names.addresses))
    pair = own.public_key() == found.public_key()
    lasts = found.not_valid_after_utc - now > timedelta(days=RENEW_DAYS)
    return found if same and pair and lasts and found.not_valid_before_utc <= now else None


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(file: Path, content: bytes) -> None:
    """Write a file that only this user can read; never half of it."""
    part = file.with_name(file.name + ".new")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)
    except OSError as error:
        raise StorageUnavailable(f"{file} cannot be written: {error.strerror}.") from error
