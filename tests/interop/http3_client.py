"""A WebSocket over HTTP/3 by the Python package `aioquic`: python http3_client.py wss://HOST:PORT/ CERTIFICATE"""

import asyncio
import sys
from urllib.parse import urlsplit

from aioquic.asyncio import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from websockets.frames import Frame, Opcode

from report import expect, failed, reporter

exchange = reporter("aioquic")


class Client(QuicConnectionProtocol):
    """An HTTP/3 connection, which keeps what happens on it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.http = H3Connection(self._quic)
        self.events = asyncio.Queue()

    def quic_event_received(self, event):
        for event in self.http.handle_event(event):
            self.events.put_nowait(event)

    async def ask(self):
        """Sends an extended CONNECT. Returns its stream and the status of the response."""
        while self.http.received_settings is None:
            await asyncio.sleep(0.01)
        fields = {
            ":method": "CONNECT",
            ":scheme": "https",
            ":authority": "localhost",
            ":path": "/echo?a=b",
            ":protocol": "websocket",
            "sec-websocket-version": "13",
            "user-agent": "aioquic",
        }
        stream = self._quic.get_next_available_stream_id()
        self.http.send_headers(stream, [(name.encode(), value.encode()) for name, value in fields.items()])
        self.transmit()
        event = await self.events.get()
        assert isinstance(event, HeadersReceived), event
        return stream, dict(event.headers)[b":status"]

    def send(self, stream, opcode, payload):
        self.http.send_data(stream, Frame(opcode, payload).serialize(mask=True), end_stream=False)
        self.transmit()

    async def receive(self, expected):
        """Receives so many bytes, or the rest of the stream."""
        received, ended = b"", False
        while not ended and (expected is None or len(received) < expected):
            event = await self.events.get()
            received, ended = received + event.data, event.stream_ended
        return received


async def main(url, certificate):
    address = urlsplit(url)
    configuration = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN, server_name=address.hostname)
    configuration.load_verify_locations(certificate)

    with exchange("messages and the closing handshake"):
        async with (
            asyncio.timeout(30),
            connect("127.0.0.1", address.port, configuration=configuration, create_protocol=Client) as client,
        ):
            stream, status = await client.ask()
            expect((client.http.received_settings.get(8), status), (1, b"200"))
            for payload in [b"Hello", b"", b"x" * 70_000]:
                client.send(stream, Opcode.TEXT, payload)
                echo = Frame(Opcode.TEXT, payload).serialize(mask=False)
                expect(await client.receive(len(echo)), echo)
            client.send(stream, Opcode.CLOSE, b"\x03\xe8bye")
            expect(await client.receive(None), b"\x88\x02\x03\xe8")


asyncio.run(main(*sys.argv[1:]))
sys.exit(bool(failed))
