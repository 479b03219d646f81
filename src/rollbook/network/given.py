"""A certificate that the site got elsewhere: `rollbook up --cert FILE --key FILE`."""

from __future__ import annotations

import ssl
from datetime import datetime
from pathlib import Path

from cryptography import x509

from rollbook.errors import ConfigurationError
from rollbook.network.certificates import CertificateFiles
from rollbook.network.names import Address, host_of


def given_certificate(certificate: Path, key: Path, now: datetime) -> CertificateFiles:
    """Return the files, once they have proved to belong together.

    Raises:
        ConfigurationError: they cannot be used; the text says which one and why.
    """
    found = _read(certificate)
    _pair(certificate, key)
    if not found.not_valid_before_utc <= now < found.not_valid_after_utc:
        ends = found.not_valid_after_utc
        raise ConfigurationError(
            f"The certificate {certificate} is not valid now; it ends on {ends:%Y-%m-%d}. Get a "
            "new one, or start with --lan instead."
        )
    hosts = _hosts(found)
    if not hosts:
        raise ConfigurationError(
            f"The certificate {certificate} names no host, so browsers refuse it. Get one with "
            "the machine's name as an alternative name."
        )
    return CertificateFiles(certificate, key, hosts, found.not_valid_after_utc)


def _read(certificate: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    except OSError as error:
        raise ConfigurationError(
            f"The certificate {certificate} cannot be read: {error.strerror}."
        ) from error
    except (ValueError, IndexError) as error:
        raise ConfigurationError(
            f"{certificate} holds no certificate in PEM form. Give the file that begins with "
            "-----BEGIN CERTIFICATE-----, with the whole chain in it."
        ) from error


def _pair(certificate: Path, key: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        if "mismatch" in str(error).lower():
            why = f"The key {key} does not belong to the certificate {certificate}."
        else:
            why = f"{key} holds no key in PEM form without a password."
        raise ConfigurationError(f"{why} Give the two files that were made together.") from error
    except OSError as error:
        raise ConfigurationError(f"The key {key} cannot be read: {error.strerror}.") from error


def _hosts(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        said = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    names = said.get_values_for_type(x509.DNSName)
    numbers = said.get_values_for_type(x509.IPAddress)
    return (*names, *(host_of(one) for one in numbers if isinstance(one, Address)))
