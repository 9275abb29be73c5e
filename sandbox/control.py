"""The control API under `/sandbox/`: JSON in, JSON out, for tests, load and the page.

Refusals are `{"error": "a sentence"}` with 400 or 404. `docs` of each route: `sandbox/README.md`.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox import view
from sandbox.acts import ActError, Acts
from sandbox.chats import Chat, Person
from sandbox.errors import ApiError
from sandbox.faults import Fault
from sandbox.limits import Rate
from sandbox.media import MediaError
from sandbox.world import World

Json = dict[str, Any]
Route = Callable[[Json], Awaitable[Any]]

LONGEST_WAIT = 120.0
CHANGED = frozenset({"sent", "edited", "unchanged"})
KINDS_OF_WAIT = {
    "change": CHANGED,
    "answer": frozenset({"answered"}),
    "deleted": frozenset({"deleted"}),
    "any": frozenset({"sent", "edited", "unchanged", "answered", "deleted"}),
}


class Control:
    """The routes, each a method; the table is at the end."""

    def __init__(self, world: World, on_reset: Callable[[], None]) -> None:
        self._world = world
        self._acts = Acts(world)
        self._on_reset = on_reset

    def routes(self) -> list[web.RouteDef]:
        table: dict[str, Route] = {
            "person": self.person,
            "people": self.people,
            "group": self.group,
            "act": self.act,
            "batch": self.batch,
            "chat": self.chat,
            "gone": self.gone,
            "about": self.about,
            "events": self.events,
            "settle": self.settle,
            "state": self.state,
            "clock": self.clock,
            "fault": self.fault,
            "limits": self.limits,
            "lanes": self.lanes,
            "inject": self.inject,
            "reset": self.reset,
        }
        routes = [web.post(f"/sandbox/{name}", _served(call)) for name, call in table.items()]
        return [
            *routes,
            web.get("/sandbox/stream", self.stream),
            web.get("/sandbox/file/{file_id}", self.file),
        ]

    async def person(self, given: Json) -> Json:
        """Make a person: name, language, username, phone, id; all optional."""
        made = self._world.add_person(
            str(given.get("name") or ""),
            given.get("language"),
            given.get("username"),
            str(given.get("phone") or "android"),
            given.get("id"),
        )
        self._world.log.add("person", made.id)
        return view.person_view(self._world, made)

    async def people(self, given: Json) -> Json:
        world = self._world
        groups = [chat for chat in world.chats.values() if not chat.private]
        return {
            "people": [view.person_view(world, person) for person in world.people.values()],
            "groups": [view.group_view(chat) for chat in groups],
        }

    async def group(self, given: Json) -> Json:
        """Make a group of people with the bot in it: title, kind, members, admin."""
        members = [self._world.person(int(number)) for number in given.get("members", [])]
        if not members:
            raise ActError("A group needs at least one member.")
        kind = str(given.get("kind", "supergroup"))
        chat = self._world.add_group(str(given.get("title", "Group")), kind, members)
        self._acts.invite_bot(members[0], chat, bool(given.get("admin")))
        return view.group_view(chat)

    async def act(self, given: Json) -> Json:
        """One act of a person; with `wait`, answers when the bot has reacted in that chat."""
        seq = self._world.log.seq
        result = self._do(given)
        wait = given.get("wait")
        if wait:
            chat = self._chat_of(given)
            kinds = KINDS_OF_WAIT[str(given.get("until", "change"))]
            timeout = min(float(wait), LONGEST_WAIT)
            events = await self._world.log.wait(seq, chat.id, kinds, timeout)
            result |= {"reacted": bool(events), "chat": view.chat_view(self._world, chat)}
        return {"seq": seq, **result}

    async def batch(self, given: Json) -> Json:
        """Many acts in one request, without waiting; for load."""
        return {"results": [self._do(item) for item in given.get("acts", [])]}

    def _do(self, given: Json) -> Json:
        person = self._world.person(int(given.get("person", 0)))
        chat = self._chat_of(given)
        number = int(given.get("message_id", 0))
        both = bool(given.get("both"))
        match given.get("do"):
            case "send":
                return {"message_id": self._acts.write(person, chat, given).id}
            case "edit":
                return {"message_id": self._acts.edit(person, chat, number, given["text"]).id}
            case "tap":
                return {"query": self._acts.tap(person, chat, number, str(given["data"]))}
            case "clear":
                return {"count": self._acts.clear(person, chat, both)}
            case "delete":
                self._acts.delete(person, chat, number, both)
                return {}
            case other:
                return self._relate(str(other), person, chat)

    def _relate(self, what: str, person: Person, chat: Chat) -> Json:
        match what:
            case "block":
                self._acts.block(person, chat)
            case "unblock":
                self._acts.unblock(person, chat)
            case "deactivate":
                person.deactivated = True
            case "throw_out":
                self._acts.remove_bot(person, chat)
            case _:
                raise ActError(f"There is no act {what!r}.")
        return {}

    def _chat_of(self, given: Json) -> Chat:
        number = int(given.get("chat") or given.get("person") or 0)
        if number not in self._world.chats:
            raise KeyError(f"no chat {number} in the sandbox")
        return self._world.chats[number]

    async def chat(self, given: Json) -> Json:
        return view.chat_view(self._world, self._chat_of(given))

    async def gone(self, given: Json) -> Json:
        return {"gone": view.gone_view(self._chat_of(given))}

    async def about(self, given: Json) -> Json:
        return view.about_view(self._world, self._world.person(int(given.get("person", 0))))

    async def events(self, given: Json) -> Json:
        """Events after `since`, of `chat` or of all, of `kinds` or all; waits up to `timeout`."""
        kinds = frozenset(given["kinds"]) if given.get("kinds") else None
        timeout = min(float(given.get("timeout", 0)), LONGEST_WAIT)
        since, chat = int(given.get("since", 0)), int(given.get("chat", 0))
        events = await self._world.log.wait(since, chat, kinds, timeout)
        if given.get("brief"):
            events = [{k: v for k, v in event.items() if k != "message"} for event in events]
        return {"events": events, "seq": self._world.log.seq}

    async def settle(self, given: Json) -> Json:
        """Wait until nothing of the chat waits in the queue and nothing happened for `quiet` s."""
        chat = self._chat_of(given)
        quiet, left = float(given.get("quiet", 0.15)), float(given.get("timeout", 10))
        deadline = asyncio.get_running_loop().time() + left
        while (left := deadline - asyncio.get_running_loop().time()) > 0:
            calm = await self._world.log.settle(chat.id, quiet, left)
            if calm and not self._waits(chat):
                return {"settled": True, "chat": view.chat_view(self._world, chat)}
        return {"settled": False, "chat": view.chat_view(self._world, chat)}

    def _waits(self, chat: Chat) -> bool:
        self._world.queue.expire()
        return any(item.lane[1] == chat.id for item in self._world.queue.pending.values())

    async def state(self, given: Json) -> Json:
        return view.state_view(self._world)

    async def clock(self, given: Json) -> Json:
        """Move the clock: `advance` seconds."""
        return {"now": self._world.clock.advance(float(given.get("advance", 0)))}

    async def fault(self, given: Json) -> Json:
        """Ask for a fault, or `clear` all; `seed` sets the die."""
        if given.get("clear"):
            self._world.faults.clear()
        if "seed" in given:
            self._world.faults.seed(int(given["seed"]))
        if "kind" in given:
            self._world.faults.add(Fault.parse(given))
        return {"struck": self._world.faults.struck}

    async def limits(self, given: Json) -> Json:
        """Switch the limits on or off, or set a rate: `{"chat": [burst, per_second]}`."""
        limits = self._world.limits
        limits.enabled = bool(given.get("enabled", limits.enabled))
        for name in limits.rates.keys() & given.keys():
            limits.rates[name] = Rate(*map(float, given[name]))
        limits.clear()
        return {"enabled": limits.enabled}

    async def lanes(self, given: Json) -> Json:
        """Hold or release `texts`, `taps` or `members`; or let them come late by a seeded die."""
        lanes = self._world.lanes
        if "jitter" in given:
            lanes.seed(int(given.get("seed", 0)), float(given["jitter"]))
        for name in given.get("hold", ()):
            lanes.hold(name)
        return {"released": {name: lanes.release(name) for name in given.get("release", ())}}

    async def inject(self, given: Json) -> Json:
        """Put any JSON object into the queue as an update; or many, as `updates`."""
        updates = given["updates"] if "updates" in given else [given["update"]]
        return {"update_ids": [self._world.queue.push_raw(update) for update in updates]}

    async def reset(self, given: Json) -> Json:
        self._world.reset()
        self._on_reset()
        return {}

    async def file(self, request: web.Request) -> web.Response:
        """A file by its id, for the page: the download of the Bot API needs the token."""
        stored = self._world.files.get(request.match_info["file_id"])
        if stored is None:
            return _json({"error": "There is no such file."}, 404)
        return web.Response(
            body=stored.data,
            headers={"Content-Type": stored.mime, "X-Content-Type-Options": "nosniff"},
        )

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Events as they happen, as server-sent events."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
        )
        log = self._world.log
        queue = log.listen()  # before the page is told that it is heard
        try:
            await response.prepare(request)
            await response.write(b": here\n\n")
            while True:
                event = await queue.get()
                data = json.dumps({k: v for k, v in event.items() if k != "message"})
                await response.write(f"data: {data}\n\n".encode())
        except ConnectionError:
            return response
        finally:
            log.unlisten(queue)


def _served(call: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(request: web.Request) -> web.Response:
        body = await request.read()
        try:
            given = json.loads(body) if body else {}
            return _json(await call(given), 200)
        except KeyError as missing:
            return _json({"error": f"missing: {missing.args[0]}"}, 404)
        except (ActError, MediaError, ApiError, ValueError, TypeError) as problem:
            return _json({"error": str(problem)}, 400)

    return serve


def _json(body: Any, status: int) -> web.Response:
    return web.Response(
        body=json.dumps(body).encode(), status=status, content_type="application/json"
    )
