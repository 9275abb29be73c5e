"""Bytes in, bytes out: every construction of the protocol, one to a file.

Knows no domain, no database, no Telegram. What each byte means stands in docs/wire-format.md.
`crypto.opening` and `crypto.keyfile` belong to the desk alone; the server cannot import them.
"""
