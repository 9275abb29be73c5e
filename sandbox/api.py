"""The Bot API over HTTP: reads a call in any of its encodings, runs it, answers as Telegram does.

Faults asked for are applied here, around the execution, so that *before* and *after* mean it.
"""

import asyncio
import json
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from sandbox.catalogue import METHODS
from sandbox.errors import ApiError, not_found, too_many, unauthorized
from sandbox.faults import Fault
from sandbox.method import Described
from sandbox.params import Params, Upload
from sandbox.receiving import Poller
from sandbox.world import World

Json = dict[str, Any]

_GATEWAY = {"502": "Bad Gateway", "503": "Service Unavailable", "504": "Gateway Time-out"}


class Api:
    """The face that the bot sees."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.poller = Poller(world)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """`/bot<token>/<method>`."""
        name = request.match_info["method"]
        fault = self._world.faults.strike(name.lower()) if self._world.faults.rules else None
        if fault is not None:
            return await self._faulty(fault, request, name)
        return await self._serve(request, name)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """`/file/bot<token>/<path>`."""
        stored = self._world.files.at(request.match_info["path"])
        if request.match_info["token"] != self._world.token:
            return _answer(unauthorized().body(), 401)
        if stored is None:
            return _answer(not_found().body(), 404)
        return web.Response(body=stored.data, content_type="application/octet-stream")

    async def call(self, name: str, params: Params) -> Any:
        """Run a method; raises `ApiError`."""
        method = METHODS.get(name.lower())
        if method is None:
            raise not_found()
        world = self._world
        world.calls[method.name] += 1
        for name in params.values:
            if name not in method.params:
                world.ignored[f"{method.name}.{name}"] += 1
        if method.name == "getUpdates":
            return await self.poller.get_updates(params)
        result = method.call(world, params)
        if method.name in {"setWebhook", "deleteWebhook"}:
            self._webhook_changed()
        return result

    async def call_from_webhook(self, name: str, arguments: Json) -> Any:
        """A call that came as the answer of a webhook: refusals go nowhere but to the counts."""
        try:
            return await self.call(name, Params(arguments))
        except ApiError as refusal:
            self._world.refusals[f"{name} {refusal.code}"] += 1
            return None

    def _webhook_changed(self) -> None:
        self._world.queue.added.set()
        if self._world.webhook.url:
            self.poller.end("terminated by setWebhook request")

    async def _serve(self, request: web.Request, name: str) -> web.Response:
        try:
            if request.match_info["token"] != self._world.token or self._world.logged_out:
                raise unauthorized()
            result = await self.call(name, await _params(request))
        except ApiError as refusal:
            self._world.refusals[f"{name} {refusal.code} {refusal.description}"] += 1
            return _answer(refusal.body(), refusal.code)
        if isinstance(result, Described):
            return _answer(
                {"ok": True, "result": result.result, "description": result.description}, 200
            )
        return _answer({"ok": True, "result": result}, 200)

    async def _faulty(self, fault: Fault, request: web.Request, name: str) -> web.StreamResponse:
        self._world.log.add("fault", 0, fault=fault.kind, method=name)
        if fault.kind == "429":
            return _answer(too_many(fault.retry_after).body(), 429)
        if fault.kind == "500":
            return _answer(ApiError(500, "Internal Server Error").body(), 500)
        if fault.kind in _GATEWAY:
            return _gateway(fault.kind)
        if fault.kind == "drop_before":
            return _cut(request)
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        answer = await self._serve(request, name)
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        return _cut(request) if fault.kind == "drop_after" else answer


def _answer(body: Json, status: int) -> web.Response:
    return web.Response(
        body=json.dumps(body).encode(),  # escaped to ASCII, as Telegram's own answers are
        status=status,
        content_type="application/json",
    )


def _gateway(kind: str) -> web.Response:
    """What the machine in front of Telegram's answers: a page, not JSON."""
    title = f"{kind} {_GATEWAY[kind]}"
    page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>{title}</body>\r\n</html>\r\n"
    return web.Response(text=page, status=int(kind), content_type="text/html")


def _cut(request: web.Request) -> web.Response:
    """Cut the connection; the response returned here reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _params(request: web.Request) -> Params:
    values: Json = dict(request.query) if request.query_string else {}
    files: dict[str, Upload] = {}
    kind = request.content_type
    if kind == "multipart/form-data":
        for name, field in (await request.post()).items():
            if isinstance(field, web.FileField):
                files[name] = Upload(field.filename, field.content_type, field.file.read())
            else:
                values[name] = field
    elif body := await request.read():
        if kind == "application/json":
            values |= _json_body(body)
        elif kind == "application/x-www-form-urlencoded":
            values |= parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return Params(values, files)


def _json_body(body: bytes) -> Json:
    try:
        given = json.loads(body)
    except ValueError:
        raise ApiError(400, "Bad Request: can't parse request JSON object") from None
    if not isinstance(given, dict):
        raise ApiError(400, "Bad Request: expected a JSON object as request body")
    return given
