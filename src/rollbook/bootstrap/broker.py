"""Hands work to other machines of the site by a broker: ids alone, never what they stand for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rollbook.errors import ConfigurationError, StorageUnavailable
from rollbook.extras import how_to_add

DELIVER = "rollbook.deliver"
EXPIRES = 60.0  # seconds; what is not taken up is found due again


def celery_app(broker_url: str) -> Any:
    """Return the Celery application of a site.

    Raises:
        ConfigurationError: Celery is not installed.
    """
    try:
        from celery import Celery
    except ImportError as error:
        raise ConfigurationError(
            "ROLLBOOK_BROKER_URL is set, but Celery is missing: %(command)s",
            command=how_to_add("many"),
        ) from error
    app = Celery("rollbook", broker=broker_url)
    app.conf.update(
        task_ignore_result=True,
        task_acks_late=True,  # a worker that is killed loses nothing
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_default_queue="rollbook",
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # a broker that is away for a night comes back
        broker_transport_options={"socket_connect_timeout": 5, "socket_timeout": 5},
    )
    return app


def dispatch_by(broker_url: str) -> Callable[[Sequence[str]], None]:
    """Return what hands message ids to the workers of this broker."""
    app = celery_app(broker_url)

    def dispatch(message_ids: Sequence[str]) -> None:
        from celery.exceptions import OperationalError

        try:
            for message_id in message_ids:
                app.send_task(DELIVER, [message_id], expires=EXPIRES, retry=False)
        except OperationalError as error:
            raise StorageUnavailable(
                "The broker does not answer, so messages wait. Look at ROLLBOOK_BROKER_URL."
            ) from error

    return dispatch
