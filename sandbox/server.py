"""Puts the Bot API, the control API and the chat page behind one address on loopback."""

import asyncio
from pathlib import Path

from aiohttp import web

from sandbox.api import Api
from sandbox.control import Control
from sandbox.files import UPLOAD_LIMIT
from sandbox.webhook import Delivery
from sandbox.world import World

PAGE = Path(__file__).with_name("page")
POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"


class Server:
    """One sandbox, listening. `await start()`, `await stop()`."""

    def __init__(self, world: World, host: str = "127.0.0.1", port: int = 0) -> None:
        self.world = world
        self.host = host
        self.port = port
        self.api = Api(world)
        from_webhook = self.api.call_from_webhook
        self.delivery = Delivery(world, from_webhook)
        self.control = Control(world, self._renew)
        self._runner: web.AppRunner | None = None
        self._pushing: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        self._runner = web.AppRunner(
            self._app(), access_log=None, handle_signals=False, shutdown_timeout=0.2
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port, backlog=1024)
        await site.start()
        self.port = int(self._runner.addresses[0][1])
        self._pushing = asyncio.create_task(self.delivery.run())

    async def stop(self) -> None:
        if self._pushing is not None:
            self._pushing.cancel()
            await asyncio.gather(self._pushing, return_exceptions=True)
        if self._runner is not None:
            self.api.poller.end("terminated")
            await self._runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=UPLOAD_LIMIT + 2**20)
        app.router.add_route("*", r"/bot{token:[^/]*}/{method:[^/]*}", self.api.handle)
        app.router.add_get(r"/file/bot{token:[^/]*}/{path:.+}", self.api.download)
        app.add_routes(self.control.routes())
        app.router.add_get("/", _index)
        app.router.add_static("/page/", PAGE)
        return app

    def _renew(self) -> None:
        """After a reset: whoever waits in getUpdates waits on a queue that is gone."""
        self.api.poller.end("terminated by a reset of the sandbox")


async def _index(request: web.Request) -> web.FileResponse:
    return web.FileResponse(PAGE / "index.html", headers={"Content-Security-Policy": POLICY})
