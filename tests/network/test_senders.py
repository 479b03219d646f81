"""Mail to a real server on loopback, and other providers by Apprise."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from mail_server import Handler, mail_server
from rollbook.domain.messages import Message
from rollbook.errors import InvalidInput, NotificationError
from rollbook.network.apprise_sender import AppriseSender
from rollbook.network.deliveries import MOST
from rollbook.network.smtp_sender import mail_of, mailbox_of, send_mail

LINK = "https://school.example/messages/stop/token"


@pytest.fixture
def server() -> Iterator[Handler]:
    with mail_server() as handler:
        yield handler


def message(url: str, to: str = "mother@example.net") -> Message:
    return Message(
        "0" * 31 + "1", "0" * 31 + "1", url, to, "Ada fehlt: Maße", "Grüße, ñ, 日本", "de", LINK
    )


def refusal(given: Message) -> NotificationError:
    with pytest.raises(NotificationError) as caught:
        send_mail(given, timeout=1.0, acceptance=1.0)
    return caught.value


def test_a_mail_arrives_whole(server: Handler) -> None:
    AppriseSender().send(message(server.url))
    (mail,) = server.taken
    assert mail["Message-ID"] == f"<{'0' * 31}1@example.org>"
    assert mail["X-Rollbook-Event"] == "0" * 31 + "1"
    assert mail["To"] == "mother@example.net" and "Hill School" in mail["From"]
    assert mail["Subject"] == "Ada fehlt: Maße" and "日本" in mail.get_content()
    assert mail["List-Unsubscribe"] == f"<{LINK}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated" and mail["Content-Language"] == "de"


@pytest.mark.parametrize("greeting", [b"2", b"220-wait\r\n"])
def test_a_server_that_answers_byte_by_byte_is_left(greeting: bytes) -> None:
    """Each byte is in time; only the whole is not."""
    left = threading.Event()

    def stutter(listening: socket.socket) -> None:
        client, _address = listening.accept()
        with client, suppress(OSError):
            while not left.wait(0.05):
                client.sendall(greeting)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=stutter, args=(listening,))
        thread.start()
        url = f"mailto://127.0.0.1:{listening.getsockname()[1]}?from=a@example.org"
        with pytest.raises(NotificationError) as caught:
            send_mail(message(url), timeout=5.0, whole=0.5)
        left.set()
        thread.join(5)
    assert not caught.value.permanent


def test_a_number_that_the_provider_cannot_use_is_told_and_not_replaced() -> None:
    """Apprise would send the message to the number that it comes from."""
    url = f"twilio://AC{'0' * 32}:{'1' * 32}@15551234567/12345"
    with pytest.raises(NotificationError, match="cannot use this address") as caught:
        AppriseSender().send(message(url, "12345"))
    assert caught.value.permanent


def test_the_link_to_stop_is_whole_for_programs_that_decode_nothing() -> None:
    link = f"https://attendance.hill-school.example/messages/stop/{'x' * 48}"
    box = mailbox_of(f"mailto://mail.example.org?from=post@{'long-' * 8}school.example.org")
    lines = mail_of(replace(message(""), unsubscribe_url=link), box).as_bytes().splitlines()
    assert f"List-Unsubscribe: <{link}>".encode() in lines
    assert any(line.startswith(b"Message-ID: <") and line.endswith(b".org>") for line in lines)


def test_each_attempt_has_the_same_id(server: Handler) -> None:
    for _ in range(3):
        send_mail(message(server.url))
    assert len(set(server.ids)) == 1 and len(server.ids) == 3


@pytest.mark.parametrize("answer, permanent", [("451 try later", False), ("554 no", True)])
def test_a_refused_mail_says_whether_to_try_again(
    server: Handler, answer: str, permanent: bool
) -> None:
    server.plan = [answer]
    error = refusal(message(server.url))
    assert error.permanent is permanent and answer[:3] in str(error)


@pytest.mark.parametrize("code, permanent", [(450, False), (550, True)])
def test_a_refused_recipient_is_not_named(server: Handler, code: int, permanent: bool) -> None:
    server.refuse_to = f"{code} <mother@example.net> is not known"
    error = refusal(message(server.url))
    assert error.permanent is permanent
    assert str(code) in str(error) and "mother" not in str(error)


def test_a_server_that_hangs_up_or_is_slow_is_tried_again(server: Handler) -> None:
    for word in ("hang up", "delay"):
        server.plan = [word]
        assert not refusal(message(server.url)).permanent
    assert server.taken == [] or server.seen[-1] == "delay"


def test_a_server_that_looks_through_a_mail_first_is_waited_for(server: Handler) -> None:
    server.plan, server.slow = ["delay"], 0.9
    send_mail(message(server.url), timeout=0.6)
    assert len(server.taken) == 1


def test_no_server_at_all_is_tried_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        port = taken.getsockname()[1]
        error = refusal(message(f"mailto://127.0.0.1:{port}?from=a@example.org"))
    assert not error.permanent and "127.0.0.1" not in str(error)


def test_a_server_without_tls_gets_nothing_from_mailtos(server: Handler) -> None:
    secure = server.url.replace("mailto:", "mailtos:")
    assert refusal(message(secure)).permanent
    assert server.taken == []


@pytest.mark.parametrize("bad", ["no address", "a@b.c\r\nBcc: x@y.z", ""])
def test_what_is_no_address_is_given_up(server: Handler, bad: str) -> None:
    assert refusal(message(server.url, bad)).permanent
    assert server.taken == []


def test_line_breaks_in_a_subject_make_no_header(server: Handler) -> None:
    odd = replace(message(server.url), subject="Hello\r\nBcc: x@example.net")
    send_mail(odd)
    (mail,) = server.taken
    assert mail["Bcc"] is None and mail["Subject"] == "Hello Bcc: x@example.net"


def test_an_address_is_read_as_apprise_writes_it() -> None:
    box = mailbox_of("mailtos://me:p%40ss@example.org?smtp=mail.example.org&from=s@example.org")
    assert (box.host, box.port, box.user, box.password) == ("mail.example.org", 587, "me", "p@ss")
    assert box.sender == "s@example.org" and "p@ss" not in repr(box)
    assert mailbox_of("mailto://me@example.org").sender == "me@example.org"
    for bad in ("mailto://", "mailto://host:port?from=a@b", "mailto://@host"):
        with pytest.raises(InvalidInput):
            mailbox_of(bad)


class Hook(BaseHTTPRequestHandler):
    """Takes what a provider would."""

    got: list[dict[str, object]] = []  # noqa: RUF012
    answer = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.answer == 200:
            self.got.append(json.loads(body))
        self.send_response(self.answer)
        self.end_headers()

    def log_message(self, *values: object) -> None:
        """Say nothing."""


@pytest.fixture
def hook() -> Iterator[str]:
    Hook.got, Hook.answer = [], 200
    http = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=http.serve_forever, args=[0.02], daemon=True)
    thread.start()
    yield f"json://127.0.0.1:{http.server_port}/hook"
    http.shutdown()
    thread.join()
    http.server_close()


def test_another_provider_gets_it_by_apprise(hook: str) -> None:
    AppriseSender().send(message(hook))
    (got,) = Hook.got
    assert got["title"] == "Ada fehlt: Maße" and "日本" in str(got["message"])


def test_a_provider_that_refuses_is_tried_again_without_its_address(hook: str) -> None:
    Hook.answer = 503
    with pytest.raises(NotificationError) as caught:
        AppriseSender().send(message(hook))
    assert not caught.value.permanent and "127.0.0.1" not in str(caught.value)


@pytest.mark.parametrize(
    "answer, permanent",
    [
        *((each, True) for each in (400, 401, 403, 404, 410, 422)),
        *((each, False) for each in (408, 429, 500, 502)),
    ],
)
def test_an_answer_that_says_the_request_is_wrong_is_not_tried_again(
    hook: str, answer: int, permanent: bool, caplog: pytest.LogCaptureFixture
) -> None:
    Hook.answer = answer
    with pytest.raises(NotificationError) as caught:
        AppriseSender().send(message(hook))
    assert caught.value.permanent is permanent and str(answer) in str(caught.value)
    assert "127.0.0.1" not in caplog.text


def test_one_refusal_is_not_taken_for_the_next(hook: str) -> None:
    sender = AppriseSender()
    Hook.answer = 401
    with pytest.raises(NotificationError):
        sender.send(message(hook))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        with pytest.raises(NotificationError) as caught:
            sender.send(message(f"json://127.0.0.1:{taken.getsockname()[1]}/hook"))
    assert not caught.value.permanent


def test_a_plug_in_that_raises_is_tried_again_and_logged_without_its_text(
    hook: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sender = AppriseSender()

    class Odd:
        service_name = "Odd"

        def notify(self, **given: str) -> bool:
            raise KeyError(given["body"])

    monkeypatch.setattr(sender, "_plugin", lambda url: Odd())
    with pytest.raises(NotificationError) as caught:
        sender.send(message(hook))
    assert not caught.value.permanent and caught.value.__cause__ is None
    assert "KeyError" in caplog.text and "Grüße" not in caplog.text


class Chat:
    """A plug-in that hangs until it is let go."""

    service_name = "Chat"

    def __init__(self, answer: bool) -> None:
        self.answer = answer
        self.go = threading.Event()
        self.gone = threading.Event()
        self.begun = 0

    def notify(self, **given: str) -> bool:
        self.begun += 1
        self.go.wait(60)
        self.gone.set()
        return self.answer


@pytest.mark.parametrize(("answer", "begun"), [(True, 1), (False, 2)])
def test_what_hangs_is_not_begun_again_and_a_late_yes_counts(
    answer: bool, begun: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender, chat, given = AppriseSender(whole=0.05), Chat(answer), message("chat://x")
    monkeypatch.setattr(sender, "_plugin", lambda url: chat)
    for _ in range(3):
        with pytest.raises(NotificationError, match="did not answer in time") as caught:
            sender.send(given)
        assert not caught.value.permanent
    assert chat.begun == 1
    chat.go.set()
    chat.gone.wait(10)
    chat.answer = True
    until_done(sender, given)
    assert chat.begun == begun


def until_done(sender: AppriseSender, given: Message) -> None:
    """Send until it is taken; the thread of the delivery may need a moment to end."""
    for _ in range(1000):
        with suppress(NotificationError):
            return sender.send(given)
        time.sleep(0.01)
    pytest.fail("it hangs for good")


def test_only_so_many_deliveries_hang_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sender, chat = AppriseSender(whole=0.0), Chat(True)
    monkeypatch.setattr(sender, "_plugin", lambda url: chat)
    for number in range(MOST):
        with pytest.raises(NotificationError, match="did not answer in time"):
            sender.send(replace(message("chat://x"), message_id=str(number)))
    with pytest.raises(NotificationError, match="Too many messages hang"):
        sender.send(message("chat://x"))
    chat.go.set()
    until_done(sender, message("chat://x"))
    assert chat.begun == MOST + 1


def test_what_nothing_can_be_sent_to_is_refused() -> None:
    sender = AppriseSender()
    for bad in ("nonsense://x", "", "hello", "mailto://"):
        with pytest.raises(InvalidInput):
            sender.check(bad)
    with pytest.raises(NotificationError) as caught:
        sender.send(message("nonsense://x"))
    assert caught.value.permanent
    assert sender.check("mailtos://me:secret@example.org") == (
        "mailtos://example.org:587 (me@example.org)"
    )
    shown = sender.check("twilio://ACabc:secret@15551234567/{to}")
    assert shown == "twilio://…"
