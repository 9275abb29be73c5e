"""How the bot gets its updates: long polling with its conflicts, and the webhook's settings."""

import asyncio
import re
import time
from typing import Any
from urllib.parse import urlsplit

from sandbox.errors import ApiError, bad_request, conflict
from sandbox.method import Described, Method
from sandbox.params import Params
from sandbox.world import Webhook, World

Json = dict[str, Any]

MAX_TIMEOUT = 50
_OTHER = "terminated by other getUpdates request; make sure that only one bot instance is running"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Poller:
    """Serves getUpdates: one at a time, a newer call ends an older one with 409.

    As in the Bot API server, the same offset asked again within half a second yields one update
    only, and within three seconds waits up to three (`strict`; off together with the limits).
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._ending: asyncio.Future[str] | None = None
        self._next_conflict = float("-inf")
        self._last_offset = 0
        self._last_time = float("-inf")

    async def get_updates(self, params: Params) -> list[Json]:
        try:
            return await self._get_updates(params)
        except ApiError:
            await self._slow_down()
            raise

    async def _slow_down(self) -> None:
        """Conflicts in quick succession are told only after three seconds."""
        if self._world.limits.enabled and time.monotonic() < self._next_conflict:
            await asyncio.sleep(3)
        self._next_conflict = time.monotonic() + 3

    async def _get_updates(self, params: Params) -> list[Json]:
        world = self._world
        if world.webhook.url:
            raise conflict(
                "can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first"
            )
        self.end(_OTHER)
        allow(world, params)
        offset, limit, timeout = self._measure(params)
        if offset < 0:
            world.queue.keep_last(-offset)
        return await self._poll(offset, limit, timeout)

    def end(self, words: str) -> None:
        """End the call that waits, with a 409."""
        if self._ending is not None and not self._ending.done():
            self._ending.set_result(words)

    def _measure(self, params: Params) -> tuple[int, int, float]:
        offset = params.integer("offset")
        limit = min(max(params.integer("limit", 100), 1), 100)
        timeout = min(max(params.integer("timeout"), 0), MAX_TIMEOUT)
        now = time.monotonic()
        again = self._world.limits.enabled and offset == self._last_offset
        if again and now < self._last_time + 3.0:
            timeout = max(timeout, 3)
        if again and now < self._last_time + 0.5:
            limit = 1
        self._last_offset, self._last_time = offset, now
        return offset, limit, timeout

    async def _poll(self, offset: int, limit: int, seconds: float) -> list[Json]:
        queue = self._world.queue
        found = queue.read(offset, limit)
        if found or seconds <= 0:
            return found
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        ending: asyncio.Future[str] = loop.create_future()
        self._ending = ending
        try:
            while not found and (left := deadline - loop.time()) > 0:
                await self._awaken(ending, left)
                found = queue.read(offset, limit)
        finally:
            if self._ending is ending:
                self._ending = None
        return found

    async def _awaken(self, ending: "asyncio.Future[str]", left: float) -> None:
        """Sleep until an update is there; raises 409 where a newer call ended this one."""
        added = asyncio.ensure_future(self._world.queue.added.wait())
        either: set[asyncio.Future[Any]] = {added, ending}
        try:
            await asyncio.wait(either, timeout=left, return_when="FIRST_COMPLETED")
        finally:
            added.cancel()
        if ending.done():
            raise conflict(ending.result())


def allow(world: World, params: Params) -> None:
    """Take over `allowed_updates`; absent keeps what was asked before, empty asks for the usual."""
    wanted = params.json("allowed_updates", "can't parse allowed updates JSON object")
    if isinstance(wanted, list):
        world.queue.allowed = frozenset(map(str, wanted)) if wanted else None


def set_webhook(world: World, params: Params) -> Described:
    url = params.text("url")
    if not url:
        return delete_webhook(world, params)
    secret = params.text("secret_token")
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
        raise bad_request("secret token contains unallowed characters")
    parts = urlsplit(url if "://" in url else f"https://{url}")
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise bad_request("bad webhook: Failed to resolve host: Name or service not known")
    allow(world, params)
    if params.flag("drop_pending_updates"):
        world.queue.drop()
    connections = min(max(params.integer("max_connections", 40), 1), 100)
    world.webhook = Webhook(url, secret, connections)
    return Described(True, "Webhook was set")


def delete_webhook(world: World, params: Params) -> Described:
    was = bool(world.webhook.url)
    world.webhook = Webhook()
    if params.flag("drop_pending_updates"):
        world.queue.drop()
    return Described(True, "Webhook was deleted" if was else "Webhook is already deleted")


def get_webhook_info(world: World, params: Params) -> Json:
    world.queue.expire()
    hook = world.webhook
    info: Json = {
        "url": hook.url,
        "has_custom_certificate": False,
        "pending_update_count": len(world.queue.pending),
    }
    if hook.url:
        info["max_connections"] = hook.max_connections
    if hook.last_error_date:
        info["last_error_date"] = hook.last_error_date
        info["last_error_message"] = hook.last_error_message
    if world.queue.allowed is not None:
        info["allowed_updates"] = sorted(world.queue.allowed)
    return info


def _served_elsewhere(world: World, params: Params) -> list[Json]:
    raise RuntimeError("getUpdates waits and is served by the Poller")


METHODS = (
    Method(
        "getUpdates",
        ("offset", "limit", "timeout", "allowed_updates"),
        "Array of Update",
        _served_elsewhere,
    ),
    Method(
        "setWebhook",
        ("url", "max_connections", "allowed_updates", "drop_pending_updates", "secret_token"),
        "Boolean",
        set_webhook,
    ),
    Method("deleteWebhook", ("drop_pending_updates",), "Boolean", delete_webhook),
    Method("getWebhookInfo", (), "WebhookInfo", get_webhook_info),
)
