"""An echo server by the Python package `websockets`, which knows two subprotocols. Prints its address."""

import asyncio

from websockets.asyncio.server import serve


async def echo(ws):
    async for message in ws:
        await ws.send(message)


async def main():
    async with serve(echo, "127.0.0.1", 0, subprotocols=["superchat", "chat"]) as server:
        host, port = server.sockets[0].getsockname()
        print(f"ws://{host}:{port}/", flush=True)
        await asyncio.Future()


asyncio.run(main())
