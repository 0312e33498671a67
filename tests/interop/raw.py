"""Exchanges that no well-behaved client would start: python3 raw.py HOST:PORT

A client of bare sockets, which sends any bytes, whether they are right or wrong.
"""

import os
import socket
import struct
import sys
import threading
import time
from contextlib import contextmanager

from report import exchange, expect
import report

HOST, PORT = sys.argv[1].rsplit(":", 1)

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
FIN = 0x80

HANDSHAKE = {
    "Host": "echo",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",  # RFC 6455 §1.3
    "Sec-WebSocket-Version": "13",
}
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def head(start="GET /chat HTTP/1.1", without=(), **changed):
    """A request, by default a right handshake. Names of changed headers have _ for -."""
    headers = HANDSHAKE | {name.replace("_", "-"): value for name, value in changed.items()}
    lines = [f"{name}: {value}" for name, value in headers.items() if name not in without]
    return "\r\n".join([start, *lines, "", ""]).encode()


def frame(first_byte, payload=b"", declared=None, length_form=None, masked=True):
    """A frame, masked by default. `declared` is its length if it is not that of the payload."""
    length = len(payload) if declared is None else declared
    form = length_form or ("B" if length < 126 else "H" if length < 65536 else "Q")
    bits = {"B": length, "H": 126, "Q": 127}[form]
    extended = b"" if form == "B" else struct.pack(f"!{form}", length)
    if not masked:
        return bytes([first_byte, bits]) + extended + payload
    key = os.urandom(4)
    return bytes([first_byte, 0x80 | bits]) + extended + key + mask(payload, key)


def mask(payload, key):
    """XOR with the repeated key, as two large numbers: a loop over bytes is slow in Python."""
    repeated = (key * (len(payload) // 4 + 1))[: len(payload)]
    xor = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return xor.to_bytes(len(payload), "big")


def close(code, reason=b""):
    return frame(FIN | CLOSE, struct.pack("!H", code) + reason)


class Peer:
    """The server, from this client's side."""

    def __init__(self):
        self.socket = socket.create_connection((HOST, int(PORT)), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")

    def send(self, *parts):
        self.socket.sendall(b"".join(parts))

    def exactly(self, count):
        data = self.stream.read(count)
        expect(len(data), count)
        return data

    def response(self):
        """The head of a response: its status, and its lines."""
        lines = []
        while line := self.stream.readline().rstrip(b"\r\n"):
            lines.append(line.decode())
        expect(bool(lines), True)
        return int(lines[0].split()[1]), lines[1:]

    def frame(self):
        """A frame: its first byte, and its payload."""
        first_byte, length = self.exactly(2)
        if length == 126:
            (length,) = struct.unpack("!H", self.exactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self.exactly(8))
        return first_byte, self.exactly(length)

    def message(self):
        """A message, of as many fragments as it has: its opcode, and its payload."""
        first_byte, payload = self.frame()
        opcode, parts = first_byte & 0x0F, [payload]
        while not first_byte & FIN:
            first_byte, payload = self.frame()
            expect(first_byte & 0x7F, CONTINUATION)
            parts.append(payload)
        return opcode, b"".join(parts)

    def fails_with(self, code):
        """Expects a Close frame with this code, perhaps behind echoes, and then the end."""
        first_byte, payload = self.frame()
        while first_byte & 0x0F in (CONTINUATION, TEXT, BINARY):
            first_byte, payload = self.frame()
        expect(first_byte, FIN | CLOSE)
        expect(struct.unpack("!H", payload[:2])[0], code)
        payload[2:].decode()
        self.ends()

    def ends(self):
        expect(self.stream.read(), b"")


@contextmanager
def http(name):
    """An exchange on a fresh connection."""
    with exchange(f"raw: {name}"):
        peer = Peer()
        try:
            yield peer
        finally:
            peer.stream.close()
            peer.socket.close()


@contextmanager
def websocket(name):
    """An exchange on a fresh connection, after the handshake."""
    with http(name) as peer:
        peer.send(head())
        status, lines = peer.response()
        expect(status, 101)
        expect(f"Sec-WebSocket-Accept: {ACCEPT}" in lines, True)
        yield peer


# Requests.

REQUESTS = {
    "the page": (200, b"GET / HTTP/1.1\r\nHost: echo\r\n\r\n"),
    "an unknown page": (404, b"GET /nothing HTTP/1.1\r\nHost: echo\r\n\r\n"),
    "HEAD": (405, b"HEAD / HTTP/1.1\r\nHost: echo\r\n\r\n"),
    "POST": (405, b"POST / HTTP/1.1\r\nHost: echo\r\nContent-Length: 2\r\n\r\nhi"),
    "no HTTP at all": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "an endless head": (431, b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000),
    "65 headers": (431, b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 65 + b"\r\n"),
    "handshake of version 8": (426, head(Sec_WebSocket_Version="8")),
    "handshake without a version": (400, head(without=["Sec-WebSocket-Version"])),
    "handshake without a key": (400, head(without=["Sec-WebSocket-Key"])),
    "handshake without a host": (400, head(without=["Host"])),
    "handshake without Upgrade": (400, head(without=["Upgrade"])),
    "handshake without Connection": (400, head(without=["Connection"])),
    "handshake with a key of 15 bytes": (400, head(Sec_WebSocket_Key="AAAAAAAAAAAAAAAAAAAA")),
    "handshake with a key that is not base64": (400, head(Sec_WebSocket_Key="?" * 24)),
    "handshake with two keys": (400, head(Host="echo\r\nSec-WebSocket-Key: " + "A" * 22 + "==")),
    "handshake over HTTP/1.0": (400, head("GET / HTTP/1.0")),
    "handshake by POST": (405, head("POST / HTTP/1.1")),
    "handshake in odd case": (
        101,
        head("GET /?a=b HTTP/1.1", Upgrade="WebSocket", Connection="keep-alive , upGRADE"),
    ),
}
for name, (expected, request) in REQUESTS.items():
    with http(f"{name} → {expected}") as peer:
        peer.send(request)
        status, lines = peer.response()
        expect(status, expected)
        if status == 405:
            expect("Allow: GET" in lines, True)
            peer.ends()
        if status == 426:
            expect("Sec-WebSocket-Version: 13" in lines, True)

with http("frames right behind the handshake are not lost") as peer:
    peer.send(head(), frame(FIN | TEXT, b"early"), frame(FIN | PING, b"bird"))
    peer.response()
    expect(peer.frame(), (FIN | TEXT, b"early"))
    expect(peer.frame(), (FIN | PONG, b"bird"))

with http("byte by byte, from the handshake to the close") as peer:
    text = "Hello, 🌍!".encode()
    stream = [head(), frame(FIN | TEXT, text), frame(FIN | PING, b"?"), close(1000)]
    for byte in b"".join(stream):
        peer.send(bytes([byte]))
    peer.response()
    expect(peer.message(), (TEXT, text))
    expect(peer.frame(), (FIN | PONG, b"?"))
    expect(peer.frame(), (FIN | CLOSE, b"\x03\xe8"))
    peer.ends()

# Violations by one frame.

VIOLATIONS = {
    "unmasked frame": (1002, frame(FIN | TEXT, b"hi", masked=False)),
    "reserved opcode": (1002, frame(FIN | 0x3)),
    "RSV bit without an extension": (1002, frame(FIN | 0x40 | TEXT, b"hi")),
    "fragmented ping": (1002, frame(PING)),
    "ping of 126 bytes": (1002, frame(FIN | PING, bytes(126))),
    "length not in its shortest form": (1002, frame(FIN | TEXT, b"hi", length_form="H")),
    "length of 2⁶³": (1002, frame(FIN | BINARY, declared=1 << 63)),
    "continuation of nothing": (1002, frame(FIN | CONTINUATION, b"hi")),
    "message inside a message": (1002, frame(TEXT, b"hi") + frame(FIN | TEXT, b"hi")),
    "continuation after the end": (1002, frame(FIN | TEXT, b"hi") + frame(FIN | CONTINUATION)),
    "text that is not UTF-8": (1007, frame(FIN | TEXT, b"na\xefve")),
    "text that ends inside a character": (1007, frame(FIN | TEXT, "🌍".encode()[:3])),
    "surrogate cut by fragments": (1007, frame(TEXT, b"\xed") + frame(FIN | CONTINUATION, b"\xa0\x80")),
    "close with half a code": (1002, frame(FIN | CLOSE, b"\x03")),
    "close with code 1005": (1002, close(1005)),
    "close with a reason that is not UTF-8": (1007, close(1000, b"\xff")),
}
for name, (code, violation) in VIOLATIONS.items():
    with websocket(f"{name} → {code}") as peer:
        peer.send(violation)
        peer.fails_with(code)

with websocket("invalid UTF-8 is refused before its frame is complete → 1007") as peer:
    peer.send(frame(FIN | TEXT, b"x" * 500 + b"\xff", declared=1 << 20))
    peer.fails_with(1007)

with websocket("invalid UTF-8 in the last byte of 1 MiB → 1007") as peer:
    text = "안녕하세요".encode() * (1 << 16)
    peer.send(frame(FIN | TEXT, text[:-1] + b"A"))
    peer.fails_with(1007)

with websocket("bytes behind a violation do not cost the peer its close code") as peer:
    peer.send(frame(FIN | TEXT, b"\xff"), bytes(16 << 20))
    peer.fails_with(1007)

# Control frames.

with websocket("close without a code") as peer:
    peer.send(frame(FIN | CLOSE))
    expect(peer.frame(), (FIN | CLOSE, b""))
    peer.ends()

with websocket("nothing is echoed after a close") as peer:
    peer.send(close(4321, b"bye"), frame(FIN | TEXT, b"too late"), frame(FIN | PING))
    expect(peer.frame(), (FIN | CLOSE, struct.pack("!H", 4321) + b"bye"))
    peer.ends()

with websocket("a ping between fragments is answered between them") as peer:
    peer.send(frame(TEXT, b"one"), frame(FIN | PING, b"now"), frame(FIN | CONTINUATION, b"two"))
    expect(peer.frame(), (TEXT, b"one"))
    expect(peer.frame(), (FIN | PONG, b"now"))
    expect(peer.frame(), (FIN | CONTINUATION, b"two"))

with websocket("a pong that nobody asked for is ignored") as peer:
    peer.send(frame(FIN | PONG, b"beat"), frame(FIN | TEXT, b"hi"))
    expect(peer.frame(), (FIN | TEXT, b"hi"))

with websocket("100000 pings, all answered") as peer:
    count = 100_000
    pings = b"".join(frame(FIN | PING, struct.pack("!I", i)) for i in range(count))
    sender = threading.Thread(target=peer.send, args=(pings,))
    sender.start()
    for i in range(count):
        expect(peer.frame(), (FIN | PONG, struct.pack("!I", i)))
    sender.join()

# Much at once.

with websocket("20 MiB of text in one frame, cut anywhere") as peer:
    text = ("안녕하세요 🌍 " * 1000).encode()
    text *= (20 << 20) // len(text)
    sender = threading.Thread(target=peer.send, args=(frame(FIN | TEXT, text),))
    sender.start()
    expect(peer.message(), (TEXT, text))
    sender.join()

with websocket("1 MiB of text in fragments of 1 to 100 bytes") as peer:
    text = ("안녕하세요 🌍 " * 50_000).encode()[: 1 << 20]
    text = text.decode(errors="ignore").encode()  # whole characters
    fragments, at, size = [], 0, 1
    while at < len(text):
        first_byte = (CONTINUATION if at else TEXT) | (FIN if at + size >= len(text) else 0)
        fragments.append(frame(first_byte, text[at : at + size]))
        at, size = at + size, size % 100 + 1
    sender = threading.Thread(target=peer.send, args=(b"".join(fragments),))
    sender.start()
    expect(peer.message(), (TEXT, text))
    sender.join()

# Ends that are none of the server's doing, and do not end it.

with websocket("a connection that is reset, and one that is left in mid-frame") as peer:
    left, reset = Peer(), Peer()
    for other in (left, reset):
        other.send(head(), frame(FIN | BINARY, b"x" * 1000, declared=1 << 30))
        other.response()
    left.socket.shutdown(socket.SHUT_WR)
    while left.stream.read(4096):
        pass
    reset.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    reset.stream.close()
    reset.socket.close()
    peer.send(frame(FIN | TEXT, b"still there?"))
    expect(peer.frame(), (FIN | TEXT, b"still there?"))

with websocket("a peer that sends and never reads is held back, and alone") as peer:
    deaf = Peer()
    deaf.send(head())
    deaf.response()
    deaf.socket.settimeout(1)
    sent, block = 0, frame(FIN | BINARY, bytes(1 << 20))
    try:
        while sent < 256 << 20:
            sent += deaf.socket.send(block)
        raise AssertionError("256 MiB were taken")
    except TimeoutError:
        pass
    started = time.monotonic()
    peer.send(frame(FIN | TEXT, b"and me?"))
    expect(peer.frame(), (FIN | TEXT, b"and me?"))
    expect(time.monotonic() - started < 1, True)
    deaf.socket.close()

sys.exit(report.failed != 0)
