"""`python -m sandbox`: the sandbox as a process of its own, until it is interrupted."""

import argparse
import asyncio
import signal
import sys

import uvloop

from sandbox.clock import Clock
from sandbox.server import Server
from sandbox.world import DEFAULT_TOKEN, World


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8081, help="port to listen on; 0 for any")
    parser.add_argument("--token", default=DEFAULT_TOKEN, help="the bot's token")
    parser.add_argument("--no-limits", action="store_true", help="no rate limits, for load")
    parser.add_argument(
        "--clock-offset", type=float, default=0.0, help="seconds to set the clock ahead"
    )
    parser.add_argument("--log-size", type=int, default=100_000, help="events to remember")
    return parser


async def serve(options: argparse.Namespace) -> None:
    world = World(
        options.token,
        Clock(offset=options.clock_offset),
        limits=not options.no_limits,
        log_size=options.log_size,
    )
    server = Server(world, options.host, options.port)
    try:
        await server.start()
    except OSError:
        sys.exit(
            f"Nothing can listen on {options.host}:{options.port}: another program does, perhaps "
            "another sandbox. End that one, or choose another port with --port."
        )
    print(f"chat page  {server.url}/\nBot API    {server.url}/bot<token>/<method>", flush=True)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        await stopped.wait()
    finally:
        await server.stop()


def main() -> None:
    uvloop.run(serve(arguments().parse_args()))


if __name__ == "__main__":
    main()
