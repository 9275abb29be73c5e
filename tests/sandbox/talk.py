"""Short words for the calls that many tests make."""

from typing import Any

from sandbox.client import Person, Sandbox

Json = dict[str, Any]


async def result(sandbox: Sandbox, method: str, **arguments: Any) -> Any:
    """The result of a call that must succeed."""
    answer = await sandbox.call(method, **arguments)
    assert answer["ok"], answer
    return answer["result"]


async def refusal(sandbox: Sandbox, method: str, **arguments: Any) -> str:
    """The description of a call that must be refused."""
    answer = await sandbox.call(method, **arguments)
    assert not answer["ok"], answer
    return str(answer["description"])


async def started(sandbox: Sandbox, language: str = "en") -> Person:
    """Somebody who has pressed Start; her update is out of the queue."""
    person = await sandbox.person(language)
    await person.send("/start", wait=None)
    await sandbox.call("getUpdates", offset=-1)
    await drained(sandbox)
    return person


async def drained(sandbox: Sandbox) -> list[Json]:
    """All waiting updates, confirmed."""
    updates: list[Json] = (await sandbox.call("getUpdates"))["result"]
    if updates:
        await sandbox.call("getUpdates", offset=updates[-1]["update_id"] + 1)
    return updates


def keyboard(*rows: list[tuple[str, str]]) -> Json:
    """An inline keyboard from rows of (text, data)."""
    return {
        "inline_keyboard": [
            [{"text": text, "callback_data": data} for text, data in row] for row in rows
        ]
    }
