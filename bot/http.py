"""The HTTP client behind python-telegram-bot: aiohttp where the library brings httpx.

Why not the library's own: a tap costs it 7 to 9 ms of CPU, nearly all in its HTTP stack; this one
costs a seventh. It only carries bytes; retries and limits are in `bot.messenger`.

No address is ever put into an error or a log line: every one of them contains the bot's token.
"""

import asyncio
from typing import Any

import aiohttp
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

CONNECTIONS = 32
"""Enough for thirty messages a second at a second each; more would only queue at Telegram."""


class AiohttpRequest(BaseRequest):
    """A `telegram.request.BaseRequest` over one keep-alive `aiohttp.ClientSession`.

    `timeout` is in seconds and covers a whole call.
    """

    def __init__(self, timeout: float = 15.0, connections: int = CONNECTIONS) -> None:
        self._timeout = timeout
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        return self._timeout

    async def initialize(self) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=75),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=True,
            )

    async def shutdown(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Send one call; returns the HTTP status and the body.

        Raises `telegram.error.TimedOut` and `telegram.error.NetworkError`, without the address.
        """
        seconds = self._timeout if read_timeout is BaseRequest.DEFAULT_NONE else read_timeout
        return await self.send(url, method, _body(request_data), seconds)

    async def send(
        self, url: str, method: str, body: dict[str, Any], seconds: float
    ) -> tuple[int, bytes]:
        if self._session is None:
            raise NetworkError("the HTTP client is not running")
        timeout = aiohttp.ClientTimeout(total=seconds)
        try:
            async with self._session.request(method, url, timeout=timeout, **body) as response:
                return response.status, await response.read()
        except TimeoutError:
            raise TimedOut("no answer in time") from None
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
            # The library would print the error, and aiohttp's errors print the address.
            raise NetworkError(type(error).__name__) from None


def _body(data: RequestData | None) -> dict[str, Any]:
    if data is None:
        return {}
    if not data.contains_files:
        return {"data": data.json_payload, "headers": {"Content-Type": "application/json"}}
    form = aiohttp.FormData(data.json_parameters)
    for name, (filename, content, mime) in (data.multipart_data or {}).items():
        form.add_field(name, content, filename=filename, content_type=mime)
    return {"data": form}
