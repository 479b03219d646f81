"""Papers and receipts, and which transform a template is kept in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

counted = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column(
        "samples", sa.Column("transform", sa.Integer(), nullable=False, server_default="0")
    )
    for table, key in (("documents", "document_id"), ("receipts", "receipt_id")):
        op.create_table(
            table,
            sa.Column("number", counted, autoincrement=True, nullable=False),
            sa.Column(key, sa.String(length=32), nullable=False),
            sa.Column("kind", sa.String(length=16), nullable=False),
            sa.Column("payload", sa.LargeBinary(), nullable=False),
            sa.PrimaryKeyConstraint("number", name=op.f(f"pk_{table}")),
            sa.UniqueConstraint(key, name=op.f(f"uq_{table}_{key}")),
        )
        op.create_index(op.f(f"ix_{table}_kind"), table, ["kind"], unique=False)
