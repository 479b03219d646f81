"""Messages by Apprise: text messages, chats and whatever else it has an address for."""

from __future__ import annotations

import logging
import re
import threading
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from rollbook.domain.messages import Message
from rollbook.errors import InvalidInput, NotificationError, places_of
from rollbook.network.deliveries import WHOLE, Deliveries
from rollbook.network.smtp_sender import is_mail, mailbox_of, send_mail

NOT_KNOWN = (
    "Nothing can be sent to this address. Apprise lists them: https://github.com/caronc/apprise"
)
PASSING = frozenset({408, 409, 423, 425, 429})  # of the answers from 400 on, what may pass
_STATUS = re.compile(r"\berror=(\d{3})\b")

log = logging.getLogger(__name__)


class _Answers(logging.Handler):
    """Hears what Apprise logs of refusals, and keeps the number of the answer alone.

    Its plug-ins tell no more than whether they succeeded; why stands in their log, with addresses.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._of_thread = threading.local()

    def forget(self) -> None:
        self._of_thread.status = None

    def status(self) -> int | None:
        """Return the status by which a provider refused this thread's message, if it gave one."""
        found: int | None = self._of_thread.status
        return found

    def emit(self, record: logging.LogRecord) -> None:
        found = _STATUS.search(record.getMessage())
        if found is not None:
            self._of_thread.status = int(found[1])


class AppriseSender:
    """Hands mail to SMTP, and everything else to Apprise."""

    def __init__(self, whole: float = WHOLE) -> None:
        """`whole` seconds are waited for a provider, whatever its plug-in does."""
        self._deliveries = Deliveries(whole)

    @cached_property
    def _apprise(self) -> Any:
        import apprise  # slow: 180 plug-ins

        heard = logging.getLogger("apprise")
        heard.setLevel(logging.WARNING)
        heard.propagate = False  # it logs addresses
        heard.handlers = [self._answers]
        return apprise

    @cached_property
    def _answers(self) -> _Answers:
        return _Answers()

    def check(self, url: str) -> str:
        if is_mail(url):
            box = mailbox_of(url)
            return f"{urlsplit(url).scheme}://{box.host}:{box.port} ({box.sender})"
        self._plugin(url.replace("{to}", "15551234567"))
        return f"{urlsplit(url).scheme}://…"

    def send(self, message: Message) -> None:
        try:
            self._send(message)
        except InvalidInput as error:
            raise NotificationError(str(error), permanent=True) from error

    def _send(self, message: Message) -> None:
        if is_mail(message.url):
            send_mail(message)
            return
        plugin = self._plugin(message.url)
        if message.to and getattr(plugin, "targets", None) == []:  # some would send to the site
            raise NotificationError("The provider cannot use this address.", permanent=True)
        self._deliveries.hand_over(
            (message.message_id, message.url), lambda: self._notify(plugin, message)
        )

    def _notify(self, plugin: Any, message: Message) -> NotificationError | None:
        """Return why the provider did not take it, None where it did."""
        self._answers.forget()
        try:
            taken = plugin.notify(body=message.body, title=message.subject)
        except Exception as error:  # of any plug-in, which raise what they like
            log.error("a provider's plug-in broke off", exc_info=places_of(error))
            return _refused(plugin, None)
        return None if taken else _refused(plugin, self._answers.status())

    def _plugin(self, url: str) -> Any:
        plugin = self._apprise.Apprise.instantiate(url, suppress_exceptions=True)
        if plugin is None:
            raise InvalidInput(NOT_KNOWN)
        return plugin


def _refused(plugin: Any, status: int | None) -> NotificationError:
    """Return the refusal; for good where the answer says that the request is wrong."""
    service = str(plugin.service_name or "Apprise")
    if status is None:
        return NotificationError(
            "%(service)s did not accept the message.", service=service, permanent=False
        )
    return NotificationError(
        "%(service)s did not accept the message: error %(status)s.",
        service=service,
        status=status,
        permanent=400 <= status < 500 and status not in PASSING,
    )
