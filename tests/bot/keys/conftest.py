"""Fixtures: every test here that asks for a storage runs on both databases."""

from tests.databases import address, kind, storage

__all__ = ["address", "kind", "storage"]
