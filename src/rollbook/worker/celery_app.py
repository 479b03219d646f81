"""The worker of a site with several machines: `celery -A rollbook.worker.celery_app worker`.

Tasks carry ids and call what a single machine calls inline.
"""

from __future__ import annotations

from functools import cache

from rollbook.bootstrap import App, build
from rollbook.bootstrap.broker import DELIVER, celery_app
from rollbook.errors import ConfigurationError
from rollbook.settings import load_settings


@cache
def site() -> App:
    """Return the installation of this process."""
    return build(load_settings())


def _broker() -> str:
    url = load_settings().broker_url
    if url is None:
        raise ConfigurationError("Set ROLLBOOK_BROKER_URL, as redis://127.0.0.1:6379/0")
    return url.get_secret_value()


app = celery_app(_broker())


@app.task(name=DELIVER)  # type: ignore[untyped-decorator]
def deliver(message_id: str) -> None:
    """Send one message, unless somebody else does."""
    site().outbox.deliver(message_id)
