"""E-mail by SMTP: `mailto://` and `mailtos://` addresses, written as Apprise writes them.

Own code because Apprise makes a new Message-ID for each attempt and tells of a refusal only that
there was one; see docs/adr for why both matter.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from rollbook.domain.messages import Message
from rollbook.errors import InvalidInput, NotificationError

PLAIN, SECURE = "mailto", "mailtos"
PORTS = {PLAIN: 25, SECURE: 587}
DIRECT_TLS = 465
TIMEOUT = 15.0  # seconds for each answer of the server
ACCEPTANCE = 120.0  # seconds for that to the whole mail: some look through it first
WHOLE = 240.0  # seconds for everything, less than a claim lasts: some answer byte by byte
LINES = policy.default.clone(max_line_length=900)  # a link in a header that is folded is no link
EVENT_HEADER = "X-Rollbook-Event"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where and as whom mail is handed in."""

    host: str
    port: int
    secure: bool
    user: str
    password: str = field(repr=False)
    sender: str
    name: str


def is_mail(url: str) -> bool:
    return urlsplit(url).scheme in PORTS


def mailbox_of(url: str) -> Mailbox:
    """Return what an address says, as mailtos://user:password@mail.school.example?from=a@b.

    Raises:
        InvalidInput: the host or the sender is missing.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidInput("This is no address of a mail server.") from error
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    host = asked.get("smtp") or parts.hostname or ""
    user = unquote(parts.username or "")
    sender = asked.get("from") or (user if "@" in user else f"{user}@{parts.hostname}")
    if not host or sender.startswith("@") or _has_breaks(sender + host + asked.get("name", "")):
        raise InvalidInput(
            "Write the mail server as mailtos://user:password@mail.example.org?from=school@"
            "example.org"
        )
    secure = parts.scheme == SECURE
    login = asked.get("user") or user
    return Mailbox(
        host=host,
        port=port or PORTS[parts.scheme],
        secure=secure,
        user=login,
        password=unquote(parts.password or ""),
        sender=sender,
        name=asked.get("name", ""),
    )


def send_mail(
    message: Message,
    timeout: float = TIMEOUT,
    acceptance: float = ACCEPTANCE,
    whole: float = WHOLE,
) -> None:
    """Return once the server has taken the mail.

    Raises:
        NotificationError: it refused it; for good with an answer of 500 and above, or where the
            addresses can never be used.
    """
    box = mailbox_of(message.url)
    mail = mail_of(message, box)
    try:
        with _connected(box, timeout, acceptance, whole) as server:
            server.send_message(mail, box.sender, [message.to])
    except smtplib.SMTPRecipientsRefused as error:
        ((code, answer),) = error.recipients.values()
        raise _refused(code, answer) from error
    except smtplib.SMTPResponseException as error:
        raise _refused(error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPNotSupportedError as error:
        raise NotificationError(
            "The mail server does not offer what is needed.", permanent=True
        ) from error
    except ssl.SSLCertVerificationError as error:
        raise NotificationError(
            "The certificate of the mail server does not hold.", permanent=False
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise NotificationError(
            "The mail server cannot be reached (%(kind)s).",
            kind=type(error).__name__,
            permanent=False,
        ) from error


def mail_of(message: Message, box: Mailbox) -> EmailMessage:
    """Return the mail: plain text, the same Message-ID in every attempt, one click to stop.

    Raises:
        NotificationError: the recipient is no address.
    """
    if "@" not in message.to or _has_breaks(message.to):
        raise NotificationError("This is no e-mail address.", permanent=True)
    mail = EmailMessage(LINES)
    domain = box.sender.rpartition("@")[2]
    mail["Message-ID"] = f"<{message.message_id}@{domain}>"
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["From"] = formataddr((box.name, box.sender))
    mail["To"] = message.to
    mail["Subject"] = " ".join(message.subject.split())
    mail["Auto-Submitted"] = "auto-generated"
    mail[EVENT_HEADER] = message.event_id
    if message.unsubscribe_url is not None:
        mail["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(message.body)
    mail["Content-Language"] = message.language
    return mail


class _Patient(smtplib.SMTP):
    """Waits longer for the answer to a whole mail: giving up too early would send it twice."""

    def __init__(self, host: str, port: int, *, whole: float, **more: Any) -> None:
        """`whole` seconds after this the connection is cut, whatever the server is about to say."""
        self.acceptance = ACCEPTANCE
        self._end = threading.Timer(whole, self._cut)
        self._end.daemon = True
        self._end.start()
        try:
            super().__init__(host, port, **more)
        except BaseException:
            self._end.cancel()
            raise

    def close(self) -> None:
        self._end.cancel()
        super().close()

    def _cut(self) -> None:
        connected = self.sock
        if connected is not None:
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def data(self, msg: Any) -> tuple[int, bytes]:
        connected = self.sock
        if connected is None:
            return super().data(msg)
        usual = connected.gettimeout()
        connected.settimeout(self.acceptance)
        try:
            return super().data(msg)
        finally:
            connected.settimeout(usual)


class _PatientSsl(_Patient, smtplib.SMTP_SSL):
    """The same, with TLS from the start."""


@contextmanager
def _connected(
    box: Mailbox, timeout: float, acceptance: float, whole: float
) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context()
    direct = box.secure and box.port == DIRECT_TLS
    server: _Patient = (
        _PatientSsl(box.host, box.port, whole=whole, timeout=timeout, context=context)
        if direct
        else _Patient(box.host, box.port, whole=whole, timeout=timeout)
    )
    server.acceptance = acceptance
    try:
        if box.secure and not direct:
            server.starttls(context=context)
        if box.password:
            server.login(box.user, box.password)
        yield server
    finally:
        _leave(server)


def _leave(server: smtplib.SMTP) -> None:
    """Say good-bye; what was accepted is accepted, whatever the server answers to that."""
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        server.close()


def _refused(code: int, answer: bytes | str) -> NotificationError:
    """Return what the server said, without the addresses in it."""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
    words = [word for word in text.split() if "@" not in word][:12]
    return NotificationError(
        "The mail server answered %(code)s: %(said)s",
        code=code,
        said=" ".join(words),
        permanent=code >= 500,
    )


def _has_breaks(text: str) -> bool:
    return any(character in text for character in "\r\n\0")
