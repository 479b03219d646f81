"""Mail over TLS, with a password: by STARTTLS, and with TLS from the start."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mail_server import Handler, free_port
from rollbook.domain.messages import Message
from rollbook.errors import NotificationError
from rollbook.network import smtp_sender

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")  # TLS is there from the start

PASSWORD = "p ss"
TRUSTING = ssl.create_default_context  # what this machine trusts


@dataclass(frozen=True)
class Post:
    """A mail server that wants TLS and a password."""

    handler: Handler
    port: int

    def url(self, password: str = PASSWORD) -> str:
        return (
            f"mailtos://me:{password.replace(' ', '%20')}@localhost:{self.port}?from=a@example.org"
        )

    def send(self, **more: str) -> None:
        text = Message("0" * 32, "0" * 32, self.url(**more), "m@example.net", "Hello", "Text")
        smtp_sender.send_mail(text, timeout=5.0)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with key and certificate of localhost."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = tmp_path_factory.mktemp("mail") / "localhost.pem"
    file.write_bytes(secret + made.public_bytes(pem))
    return file


@pytest.fixture(params=["starttls", "direct"])
def post(
    request: pytest.FixtureRequest, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Post]:
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=certificate)
    handler, port = Handler(), free_port()
    more: dict[str, Any] = {"ssl_context": own}
    if request.param == "starttls":
        more = {"tls_context": own, "require_starttls": True}
    else:
        monkeypatch.setattr(smtp_sender, "DIRECT_TLS", port)
    controller = Controller(
        handler,
        hostname="localhost",
        port=port,
        authenticator=_known,
        auth_required=True,
        auth_require_tls=request.param == "starttls",
        **more,
    )
    controller.start()
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
    yield Post(handler, port)
    controller.stop()


def _known(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(success=data == LoginPassword(b"me", PASSWORD.encode()), handled=False)


def test_a_mail_leaves_over_tls_with_the_password(post: Post) -> None:
    post.send()
    (mail,) = post.handler.taken
    assert mail["To"] == "m@example.net"


def test_a_wrong_password_is_no_reason_to_try_for_a_day(post: Post) -> None:
    with pytest.raises(NotificationError) as caught:
        post.send(password="wrong")
    assert caught.value.permanent and "535" in str(caught.value)
    assert "wrong" not in str(caught.value) and post.handler.taken == []


def test_a_certificate_that_nobody_knows_gets_no_password(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssl, "create_default_context", TRUSTING)
    with pytest.raises(NotificationError):
        post.send()
    assert post.handler.taken == []
