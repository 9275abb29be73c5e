"""Counters of a month, what was released of them, and whether a case was closed before.

The way down forgets every count: the first tables have no room for any.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "third"
down_revision: str | None = "second"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("concluded", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "tallies",
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("key_name", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("month", "key_name", name="pk_tallies"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "releases",
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("month", name="pk_releases"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("releases")
    op.drop_table("tallies")
    op.drop_column("cases", "concluded")
