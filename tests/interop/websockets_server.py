"""An echo server by the Python package `websockets`, with two subprotocols. Prints its address. Closes
with 1010 clients that ask for the path /compressed and offer no compression."""

import asyncio

from websockets.asyncio.server import serve
from websockets.exceptions import NegotiationError


async def echo(ws):
    names = [extension.name for extension in ws.protocol.extensions]
    if ws.request.path == "/compressed" and names != ["permessage-deflate"]:
        await ws.close(1010)
    async for message in ws:
        await ws.send(message)


def select(ws, offered):
    """Accepts clients that offer no subprotocol, which the package's own choice refuses."""
    for name in ws.protocol.available_subprotocols:
        if name in offered:
            return name
    if offered:
        raise NegotiationError("no subprotocol in common")
    return None


async def main():
    async with serve(echo, "127.0.0.1", 0, subprotocols=["superchat", "chat"],
                     select_subprotocol=select, max_size=None) as server:
        host, port = server.sockets[0].getsockname()
        print(f"ws://{host}:{port}/", flush=True)
        await asyncio.Future()


asyncio.run(main())
