"""Tests of the stand-in for Telegram: over HTTP, against the published interface, in a browser."""
