"""The record of key events, and who could open a case before her wrap was withdrawn.

A letter to the person keeps the epoch that it was sealed under, where the case was re-keyed since.

The way down forgets all of it: the tables of before have no room for it. Letters of cases that
were re-keyed cannot be opened then.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "fourth"
down_revision: str | None = "third"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_slot = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "withdrawn",
        sa.Column("slot", _slot, nullable=False, autoincrement=False),
        sa.Column("case_slot", _slot, nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_slot"], ["cases.slot"], name="fk_withdrawn_case_slot"),
        sa.PrimaryKeyConstraint("slot", name="pk_withdrawn"),
    )
    op.create_index("ix_withdrawn_case_slot", "withdrawn", ["case_slot", "key_id"])
    op.create_table(
        "events",
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_events"),
        sqlite_with_rowid=False,
    )
    op.add_column("replies", sa.Column("epoch", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("replies", "epoch")
    op.drop_table("events")
    op.drop_table("withdrawn")
