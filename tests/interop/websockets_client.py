"""Exchanges by the Python package `websockets`: python websockets_client.py ws://HOST:PORT/ [plain]"""

import asyncio
import os
import sys

from websockets.asyncio.client import connect
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from report import expect, failed, reporter

exchange = reporter("websockets")
# Whether the server negotiates no compression, and answers a Close with its code alone.
plain = sys.argv[2:] == ["plain"]

MESSAGES = {
    "text with emoji": "Hello, 🌍! 안녕하세요",
    "empty text": "",
    "4 bytes of binary": b"\x00\xff\x80\x7f",
    "64 KiB of binary": os.urandom(64 << 10),
    "1 MiB of binary": os.urandom(1 << 20),
    "64 KiB of text": "a" + "가" * 21845,
}


def deflate(**parameters):
    return {"extensions": [ClientPerMessageDeflateFactory(**parameters)]}


# What is offered, and what the server answers.
COMPRESSIONS = [
    ("compression", {}, "permessage-deflate"),
    ("compression without context takeover",
     deflate(server_no_context_takeover=True, client_no_context_takeover=True),
     "permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
    ("compression in windows of 512 bytes",
     deflate(server_max_window_bits=9, client_max_window_bits=9),
     "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9"),
    ("no compression", {"compression": None}, None),
]


def connected(url, **options):
    """A connection, on which compression is offered unless the options say otherwise."""
    return connect(url, proxy=None, max_size=None, **options)


async def echo(ws, message):
    """Sends while it receives: the server reads no more from a peer that does not take its echoes."""
    _, back = await asyncio.gather(ws.send(message), ws.recv())
    return back


async def main(url):
    for name, message in MESSAGES.items():
        with exchange(name):
            async with asyncio.timeout(30), connected(url) as ws:
                expect(await echo(ws, message), message)

    many = [os.urandom(16 << 10) for _ in range(64)]
    for name, fragments in ("fragmented text", ["Hello, ", "", "🌍", "!"]), ("1 MiB of binary in 64 fragments", many):
        with exchange(name):
            async with asyncio.timeout(30), connected(url) as ws:
                expect(await echo(ws, fragments), fragments[0][:0].join(fragments))

    with exchange("ping and pong"):
        async with asyncio.timeout(30), connected(url) as ws:
            pong = await ws.ping(b"x" * 125)  # found by its payload
            await pong

    for name, options, answer in COMPRESSIONS:
        with exchange(name):
            async with asyncio.timeout(30), connected(url, **options) as ws:
                expect(ws.response.headers.get("Sec-WebSocket-Extensions"), None if plain else answer)
                for message in [*MESSAGES.values(), "Hello", "Hello", "abc" * 99_999]:
                    expect(await echo(ws, message), message)

    with exchange("closing handshake with code and reason"):
        async with asyncio.timeout(30), connected(url) as ws:
            await ws.close(4321, "good bye 👋")
            expect((ws.close_code, ws.close_reason), (4321, "" if plain else "good bye 👋"))


asyncio.run(main(sys.argv[1]))
sys.exit(bool(failed))
