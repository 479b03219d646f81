"""Runs the migrations in the transaction that `storage.migrating` holds."""

from __future__ import annotations

from alembic import context

from rollbook.storage.tables import metadata


def run() -> None:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        render_as_batch=True,  # SQLite alters tables by copying them
        transactional_ddl=True,  # all or nothing, on SQLite as well
    )
    with context.begin_transaction():
        context.run_migrations()


run()
