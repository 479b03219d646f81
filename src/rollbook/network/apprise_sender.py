"""Messages by Apprise: text messages, chats and whatever else it has an address for."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from rollbook.domain.messages import Message
from rollbook.errors import InvalidInput, NotificationError
from rollbook.network.smtp_sender import is_mail, mailbox_of, send_mail

NOT_KNOWN = (
    "Nothing can be sent to this address. Apprise lists them: https://github.com/caronc/apprise"
)


class AppriseSender:
    """Hands mail to SMTP, and everything else to Apprise."""

    @cached_property
    def _apprise(self) -> Any:
        import apprise  # slow: 110 plug-ins

        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it logs addresses
        return apprise

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
        try:
            taken = plugin.notify(body=message.body, title=message.subject)
        except Exception as error:  # of any of its plug-ins
            raise NotificationError(_failed(plugin), permanent=False) from error
        if not taken:
            raise NotificationError(_failed(plugin), permanent=False)

    def _plugin(self, url: str) -> Any:
        plugin = self._apprise.Apprise.instantiate(url, suppress_exceptions=True)
        if plugin is None:
            raise InvalidInput(NOT_KNOWN)
        return plugin


def _failed(plugin: Any) -> str:
    return f"{plugin.service_name or 'The provider'} did not accept the message."
