"""Both ways: replies, the locks that codes open, linked chats, and whose turn it is.

The way down loses what the first tables have no room for: replies not yet read, codes, links.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "second"
down_revision: str | None = "first"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

SLOT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

ADDED: dict[str, list[tuple[str, sa.types.TypeEngine[Any], str | None]]] = {
    "cases": [
        ("turn", sa.String(), "ours"),
        ("token", sa.LargeBinary(), None),
        ("place", sa.LargeBinary(), None),
        ("origin", sa.LargeBinary(), None),
        ("alerted", sa.Integer(), "0"),
    ],
    "wraps": [("asked", sa.Integer(), "0")],
}
"""Column, type, and what it holds in rows that are there already (None: nothing)."""

INDEXES = {
    "ix_cases_holder": ("cases", ["holder"]),
    "ix_cases_alerted": ("cases", ["alerted", "level"]),
    "ix_cases_turn": ("cases", ["turn", "promised_by", "state"]),
    "ix_cases_level": (
        "cases",
        ["level", "received", "slot", "state", "leased_until", "language", "skills"],
    ),
    "ix_wraps_case_slot": ("wraps", ["case_slot", "key_id"]),
    "ix_wraps_key_id": ("wraps", ["key_id", "asked", "case_slot"]),
}

WIDENED = ("ix_wraps_case_slot", "wraps", ["case_slot"])
"""The index that was there before, under the name of its first column."""


def upgrade() -> None:
    for table, columns in ADDED.items():
        for name, kind, default in columns:
            column = sa.Column(name, kind, nullable=default is None, server_default=default)
            op.add_column(table, column)
    op.drop_index(*WIDENED[:2])
    for name, (table, on) in INDEXES.items():
        op.create_index(name, table, on)
    _replies()
    _locks()
    _links()


def downgrade() -> None:
    for name in ("links", "locks", "replies"):
        op.drop_table(name)
    for name, (table, _) in INDEXES.items():
        op.drop_index(name, table)
    op.create_index(*WIDENED)
    for table, columns in ADDED.items():
        for name, _, _ in columns:
            op.drop_column(table, name)


def _column(name: str, kind: sa.types.TypeEngine[Any], nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable)


def _replies() -> None:
    _part_of_a_case(
        "replies",
        [
            _column("number", sa.Integer()),
            _column("sealed", sa.LargeBinary()),
            _column("state", sa.String()),
            _column("token", sa.LargeBinary(), nullable=True),
            _column("doubtful", sa.Integer()),
        ],
    )
    op.create_index("ix_replies_state", "replies", ["state"])


def _locks() -> None:
    _part_of_a_case(
        "locks",
        [
            _column("locator", sa.String()),
            _column("salt", sa.LargeBinary()),
            _column("sealed", sa.LargeBinary()),
        ],
    )
    op.create_index("ix_locks_locator", "locks", ["locator"])


def _part_of_a_case(name: str, own: "list[sa.Column[Any]]") -> None:
    op.create_table(
        name,
        sa.Column("slot", SLOT, nullable=False, autoincrement=False),
        sa.Column("case_slot", SLOT, nullable=False),
        *own,
        sa.PrimaryKeyConstraint("slot", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["case_slot"], ["cases.slot"], name=f"fk_{name}_case_slot"),
    )
    op.create_index(f"ix_{name}_case_slot", name, ["case_slot"])


def _links() -> None:
    op.create_table(
        "links",
        _column("id", sa.LargeBinary()),
        _column("key_id", sa.String()),
        _column("chat", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name="pk_links"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_links_key_id", "links", ["key_id"])
