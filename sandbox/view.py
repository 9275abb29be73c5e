"""The world as JSON for tests, load and the page: people, chats, what is seen, what is gone."""

from typing import Any

from sandbox.chats import Chat, Entry, Person
from sandbox.world import World

Json = dict[str, Any]


def person_view(world: World, person: Person) -> Json:
    chat = world.chats[person.id]
    return {
        "id": person.id,
        "name": person.first_name,
        "username": person.username,
        "language": person.language,
        "phone": person.phone,
        "started": chat.started,
        "blocked": chat.blocked,
        "deactivated": person.deactivated,
    }


def group_view(chat: Chat) -> Json:
    return {
        "id": chat.id,
        "title": chat.api["title"],
        "kind": chat.kind,
        "bot_in": chat.bot_in,
        "bot_admin": chat.bot_admin,
        "members": list(chat.members),
    }


def entry_view(entry: Entry) -> Json:
    return {
        "message": entry.message,
        "by_bot": entry.by_bot,
        "silent": entry.silent,
        "versions": len(entry.versions),
    }


def chat_view(world: World, chat: Chat) -> Json:
    """What is to be seen in the chat now."""
    return {
        "id": chat.id,
        "kind": chat.kind,
        "started": chat.started,
        "blocked": chat.blocked,
        "seq": world.log.seq,
        "messages": [entry_view(entry) for entry in chat.seen()],
    }


def gone_view(chat: Chat) -> list[Json]:
    """What is no longer seen: deleted messages, and what edited ones said before."""
    gone = [{**entry_view(entry), "why": "deleted"} for entry in chat.gone]
    for entry in [*chat.gone, *chat.entries.values()]:
        gone += [
            {"message": version, "by_bot": entry.by_bot, "why": "edited"}
            for version in entry.versions
        ]
    return gone


def about_view(world: World, person: Person) -> Json:
    """What this person's Telegram shows of the bot."""
    language = (person.language or "")[:2]
    profile = world.profile
    return {
        "name": profile.text("name", language),
        "username": world.username,
        "description": profile.text("description", language),
        "short_description": profile.text("short_description", language),
        "commands": profile.menu(person.id, language),
    }


def state_view(world: World) -> Json:
    """Counts: what was called, refused, ignored, and what waits."""
    world.queue.expire()
    return {
        "now": world.clock.now(),
        "seq": world.log.seq,
        "people": len(world.people),
        "pending": len(world.queue.pending),
        "unanswered": sum(1 for query in world.queries.values() if not query.answered),
        "calls": dict(world.calls),
        "refusals": dict(world.refusals),
        "ignored": dict(world.ignored),
        "faults": dict(world.faults.struck),
        "limits": world.limits.enabled,
        "webhook": world.webhook.url,
    }
