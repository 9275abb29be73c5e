"""A stand-in for Telegram on loopback: a stateful Bot API over real HTTP, and a chat page.

It knows nothing of ours: the bot talks to it exactly as it talks to Telegram. Tests and load
drive it through `sandbox.client`; `python -m sandbox` runs it as a process of its own.
It keeps everything in memory and forgets it on exit.
"""
