"""Records how real peers open a WebSocket: python record_heads.py DIRECTORY

What a client sends, from its first byte to the end of its head, is recorded by a bare socket that
answers nothing. What a server sends is what a bare socket gets for the RFC's example of a request. Needs
what `run.sh` installs beside it, chromium, and curl.
"""

import asyncio
import contextlib
import os
import pathlib
import subprocess
import sys

import websockets.asyncio.client
import websockets.asyncio.server

HERE = pathlib.Path(__file__).resolve().parent
TO = pathlib.Path(sys.argv[1])
END = b"\r\n\r\n"
SUBPROTOCOLS = ["chat", "superchat"]

# RFC 6455 §1.2 and §1.3, with the extension that everyone has.
REQUEST = (
    "GET /chat?room=7 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n"
    "Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
)

PAGE = b"<!DOCTYPE html><script>new WebSocket(`ws://${location.host}/chat?room=7`, ['chat', 'superchat'])</script>"

WS_CLIENT = """
    import WebSocket from 'ws';
    new WebSocket(process.argv[1], ['chat', 'superchat']).on('error', () => {});
"""
WS_SERVER = """
    import { WebSocketServer } from 'ws';
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: true });
    server.on('listening', () => console.log(server.address().port));
"""
CHROMIUM = """
    import { chromium } from 'playwright-core';
    const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'];
    const browser = await chromium.launch({ executablePath: process.argv[2], args });
    await (await browser.newPage()).goto(process.argv[1]);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await browser.close();
"""


def keep(name, head):
    (TO / f"{name}.http").write_bytes(head)
    print(f"{name}.http: {len(head)} bytes")


def node(code, *args):
    return ["node", "--input-type=module", "-e", code, *args]


def chromium():
    return subprocess.check_output(["sh", "-c", "command -v chromium"], text=True).strip()


async def run(command):
    process = await asyncio.create_subprocess_exec(*command, cwd=HERE, stdout=subprocess.DEVNULL)
    await process.wait()


async def client(name, open_websocket, page=None):
    """Records the first head that asks for a WebSocket; answers any other with the page."""
    recorded = asyncio.get_running_loop().create_future()

    async def serve(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(END)
            if b"websocket" in head.lower():
                recorded.done() or recorded.set_result(head)
            else:
                length = b"Content-Length: %d" % len(page)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + length + END + page)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await open_websocket(f"127.0.0.1:{port}")
    keep(name, await asyncio.wait_for(recorded, 30))
    server.close()


async def server(name, port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST.format(port=port).encode())
    keep(name, await asyncio.wait_for(reader.readuntil(END), 30))
    writer.close()


async def websockets_client(address):
    with contextlib.suppress(Exception):  # nobody answers
        uri = f"ws://{address}/chat?room=7"
        await websockets.asyncio.client.connect(
            uri, proxy=None, origin="https://example.com", subprotocols=SUBPROTOCOLS, open_timeout=5
        )


async def main():
    path = "/chat?room=7"
    await client("ws-request", lambda to: run(node(WS_CLIENT, f"ws://{to}{path}")))
    await client("websockets-request", websockets_client)
    await client("chromium-request", lambda to: run(node(CHROMIUM, f"http://{to}/", chromium())), PAGE)
    # As tutorials have it.
    fields = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: chat, superchat",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
    ]
    curl = ["curl", "--silent", "--include", "--no-buffer", "--http1.1", "--noproxy", "*"]
    for field in fields:
        curl += ["--header", field]
    await client("curl-request", lambda to: run([*curl, f"http://{to}{path}"]))

    process = await asyncio.create_subprocess_exec(*node(WS_SERVER), cwd=HERE, stdout=subprocess.PIPE)
    await server("ws-response", int(await process.stdout.readline()))
    process.terminate()
    await process.wait()

    async with websockets.asyncio.server.serve(
        lambda ws: ws.wait_closed(), "127.0.0.1", 0, subprotocols=SUBPROTOCOLS
    ) as serving:
        await server("websockets-response", serving.sockets[0].getsockname()[1])


asyncio.run(main())
