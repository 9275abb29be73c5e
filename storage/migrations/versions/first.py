"""The first tables: drafts, cases with their records and wraps, nonces, facts."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "first"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

SLOT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _drafts()
    _cases()
    for name, own in (
        ("records", [_column("number", sa.Integer()), _column("kind", sa.String())]),
        ("wraps", [_column("key_id", sa.String())]),
    ):
        _part_of_a_case(name, own)
    _by_name("nonces", _column("hash", sa.LargeBinary()), _column("expires", sa.BigInteger()))
    _by_name("facts", _column("key", sa.String()), _column("value", sa.BigInteger()))


def downgrade() -> None:
    for name in ("facts", "nonces", "wraps", "records", "cases", "drafts"):
        op.drop_table(name)


def _column(name: str, kind: sa.types.TypeEngine[Any], nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable)


def _slot() -> sa.Column[int]:
    return sa.Column("slot", SLOT, nullable=False, autoincrement=False)


def _drafts() -> None:
    op.create_table(
        "drafts",
        _slot(),
        _column("id", sa.LargeBinary()),
        _column("revision", sa.Integer()),
        _column("expires", sa.BigInteger()),
        _column("sealed", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("slot", name="pk_drafts"),
    )


def _cases() -> None:
    op.create_table(
        "cases",
        _slot(),
        _column("id", sa.LargeBinary()),
        _column("language", sa.String()),
        _column("level", sa.String()),
        _column("skills", sa.String()),
        _column("country", sa.String(), nullable=True),
        _column("contact", sa.String()),
        _column("received", sa.BigInteger()),
        _column("promised_by", sa.BigInteger()),
        _column("form", sa.String()),
        _column("epoch", sa.BigInteger()),
        _column("state", sa.String()),
        _column("holder", sa.String(), nullable=True),
        _column("leased_until", sa.BigInteger(), nullable=True),
        _column("public_key", sa.LargeBinary()),
        _column("inbox", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("slot", name="pk_cases"),
    )
    op.create_index("ix_cases_inbox", "cases", ["inbox"])


def _part_of_a_case(name: str, own: "list[sa.Column[Any]]") -> None:
    op.create_table(
        name,
        _slot(),
        sa.Column("case_slot", SLOT, nullable=False),
        *own,
        _column("sealed", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("slot", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["case_slot"], ["cases.slot"], name=f"fk_{name}_case_slot"),
    )
    op.create_index(f"ix_{name}_case_slot", name, ["case_slot"])


def _by_name(name: str, key: sa.Column[Any], value: sa.Column[Any]) -> None:
    op.create_table(
        name,
        key,
        value,
        sa.PrimaryKeyConstraint(key.name, name=f"pk_{name}"),
        sqlite_with_rowid=False,
    )
