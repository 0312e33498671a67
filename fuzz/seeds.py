#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets: one small file a case that every layer must get right.

    fuzz/seeds.py        writes fuzz/seeds/TARGET/NAME, which are kept in the repository

A seed begins with the settings that its target reads first (see the targets), then comes the case.
"""

import pathlib
import struct

SEEDS = pathlib.Path(__file__).resolve().parent / "seeds"
KEY = bytes.fromhex("37fa213d")
CLIENT, SERVER = 0, 1  # whose strict rules: the receiver's
NO_LIMIT = 255


def masked(payload, key=KEY):
    return bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


def frame(first, payload=b"", key=KEY, form=None, declared=None):
    length = len(payload) if declared is None else declared
    if form is None:
        form = 0 if length < 126 else 2 if length < 65536 else 8
    mask = 0x80 if key is not None else 0
    head = {
        0: lambda: struct.pack("!BB", first, mask | length),
        2: lambda: struct.pack("!BBH", first, mask | 126, length),
        8: lambda: struct.pack("!BBQ", first, mask | 127, length),
    }[form]()
    return head + (b"" if key is None else key + masked(payload, key)) + (payload if key is None else b"")


def headers():
    for length in [0, 1, 125, 126, 127, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53, 2**62, 2**63 - 1]:
        yield f"length-{length}", bytes([SERVER]) + frame(0x82, declared=length)
    for length in [2**63, 2**64 - 14, 2**64 - 1]:
        yield f"top-bit-{length}", bytes([SERVER]) + frame(0x82, declared=length)
    for length, form in [(125, 2), (0, 2), (125, 8), (65535, 8)]:
        yield f"non-minimal-{length}-in-{form}", bytes([SERVER]) + frame(0x82, form=form, declared=length)
        yield f"non-minimal-{length}-in-{form}-accepted", bytes([SERVER | 8]) + frame(0x82, form=form, declared=length)
    for opcode in range(16):
        yield f"opcode-{opcode}", bytes([SERVER]) + frame(0x80 | opcode)
        yield f"fragment-{opcode}", bytes([SERVER]) + frame(opcode)
    for rsv in range(1, 8):
        yield f"rsv-{rsv}", bytes([SERVER]) + frame(0x81 | rsv << 4)
        yield f"rsv-{rsv}-claimed", bytes([SERVER | rsv << 4]) + frame(0x81 | rsv << 4)
        yield f"rsv-{rsv}-claimed-on-control", bytes([SERVER | rsv << 4]) + frame(0x89 | rsv << 4)
    yield "unmasked-to-server", bytes([SERVER]) + frame(0x81, key=None)
    yield "unmasked-to-server-accepted", bytes([SERVER | 4]) + frame(0x81, key=None)
    yield "masked-to-client", bytes([CLIENT]) + frame(0x81)
    yield "control-126", bytes([SERVER]) + frame(0x89, declared=126)


def masks():
    for length in [0, 1, 3, 4, 7, 8, 9, 16, 17, 32, 33, 64, 65, 128, 129, 1023, 1024]:
        for cut in [0, 1, 3, 65535]:
            yield f"{length}-cut-{cut}", KEY + struct.pack("<H", cut) + bytes(i % 251 for i in range(length))


TEXTS = {
    "empty": b"",
    "ascii": b"plain text, longer than a block of sixteen bytes",
    "two-three-four": "é€🦀".encode(),
    "edges": "\x00\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff".encode(),
    "lone-continuation": b"\x80",
    "overlong-2": b"\xc0\x80\xc1\xbf",
    "overlong-3": b"\xe0\x80\x80",
    "overlong-4": b"\xf0\x80\x80\x80",
    "surrogate": b"\xed\xa0\x80",
    "beyond": b"\xf4\x90\x80\x80",
    "never": b"\xf5\xff",
    "cut-2": b"a\xc3",
    "cut-3": b"a\xe2\x82",
    "cut-4": b"a\xf0\x9f\xa6",
    "cut-then-ascii": b"\xf0\x9f\xa6a",
    "late-error": b"a" * 100 + b"\xff",
    "korean": "웹소켓은 하나의 연결에서 ".encode() * 4,
}


def texts():
    for name, text in TEXTS.items():
        for reads in [b"\xff\xff\xff", b"\x01\x01\x01", b"\x03\x10\x07"]:
            yield f"{name}-{reads.hex()}", reads + text


def streams():
    hello, ping = b"Hello", frame(0x89, b"ping")
    cases = {
        "hello": frame(0x81, hello),
        "fragments-with-ping-between": frame(0x01, hello) + ping + frame(0x00) + ping + frame(0x80, b"!"),
        "continuation-first": frame(0x80, hello),
        "text-inside-text": frame(0x01, hello) + frame(0x81, hello),
        "empty-frames": frame(0x01) + frame(0x00) * 5 + frame(0x80),
        "control-125": frame(0x89, bytes(range(125))),
        "close": frame(0x88, b"\x03\xe8bye"),
        "close-empty": frame(0x88),
        "close-one-byte": frame(0x88, b"\x03"),
        "data-after-close": frame(0x88, b"\x03\xe8") + frame(0x81, hello),
        "text-cut-in-character": frame(0x01, b"\xf0\x9f") + frame(0x80, b"\xa6\x80"),
        "declares-2-62": frame(0x82, declared=2**62) + bytes(40),
        "over-the-limit": frame(0x82, bytes(300)),
        "16-bit": frame(0x82, bytes(range(200))),
        "half-a-header": frame(0x82, bytes(300))[:3],
        "half-a-payload": frame(0x82, bytes(300))[:100],
        "error-behind-frames": ping + ping + b"\x83",
        "mask-turns": frame(0x82, bytes(131)) + frame(0x82, bytes(133), key=b"\x00\x00\x00\x01"),
    }
    for name, stream in cases.items():
        for reads in [b"\xff\xff\xff", b"\x01\x01\x01"]:
            yield f"{name}-{reads.hex()}", bytes([SERVER, NO_LIMIT]) + reads + stream
    yield "over-a-limit", bytes([SERVER, 10]) + b"\xff\xff\xff" + frame(0x82, bytes(21))
    yield "at-a-limit", bytes([SERVER, 10]) + b"\xff\xff\xff" + frame(0x82, bytes(20))
    yield "from-a-server", bytes([CLIENT, NO_LIMIT]) + b"\x07\x07\x07" + frame(0x81, hello, key=None) * 3


READS = [b"\xff\xff\xff", b"\x01\x01\x01"]


def head(start, *lines, rest=b""):
    return "\r\n".join([start, *lines, "", ""]).encode("latin-1") + rest


ASKED = ["Host: server.example.com", "Upgrade: websocket", "Connection: Upgrade"]
REQUESTS = {
    "right": [],
    "with-everything": [
        "Origin: http://example.com",
        "Sec-WebSocket-Protocol: chat, superchat",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
    ],
    "split-lists": ["Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: b,,c", "Connection: close"],
    "quoted": ['Sec-WebSocket-Extensions: a; b="\\c"'],
    "malformed-extensions": ["Sec-WebSocket-Extensions: a;"],
    "malformed-subprotocols": ["Sec-WebSocket-Protocol: a b"],
    "host-twice": ["Host: other"],
    "version-8": ["Sec-WebSocket-Version: 8"],
    "a-body": ["Content-Length: 5"],
    "chunked": ["Transfer-Encoding: chunked"],
    "blanks": ["X-Blank: \t ", "X:y"],
    "beyond-ascii": ["X: \xe4\xff"],
    "origin-twice": ["Origin: a", "Origin: b"],
    "many-headers": ["a: b"] * 20,
}


def requests():
    nonce = ["Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==", "Sec-WebSocket-Version: 13"]
    cases = {name: head("GET /chat HTTP/1.1", *ASKED, *nonce, *more) for name, more in REQUESTS.items()}
    cases |= {
        "absolute": head("GET http://a:1/b?c HTTP/1.1", *ASKED, *nonce),
        "page": head("GET / HTTP/1.1", "Host: a"),
        "post": head("POST / HTTP/1.1", *ASKED, *nonce),
        "http-1-0": head("GET / HTTP/1.0", *ASKED, *nonce),
        "frame-behind": head("GET / HTTP/1.1", *ASKED, *nonce, rest=frame(0x81, b"Hello")),
        "lf-alone": b"GET / HTTP/1.1\nHost: a\n\n",
        "empty-lines-first": b"\r\n\r\n" + head("GET / HTTP/1.1", *ASKED, *nonce),
        "tls": b"\x16\x03\x01\x02\x00",
    }
    for name, case in cases.items():
        for reads in READS:
            yield f"{name}-{reads.hex()}", reads + case


def responses():
    right = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]
    more = {
        "right": [],
        "chosen": ["Sec-WebSocket-Protocol: chat"],
        "two-chosen": ["Sec-WebSocket-Protocol: chat, superchat"],
        "chosen-twice": ["Sec-WebSocket-Protocol: chat"] * 2,
        "not-offered": ["Sec-WebSocket-Protocol: other"],
        "extension": ["Sec-WebSocket-Extensions: permessage-deflate"],
        "no-extension": ["Sec-WebSocket-Extensions: ,"],
        "upgrade-twice": ["Upgrade: websocket"],
        "connection-twice": ["Connection: close"],
        "accept-twice": ["Sec-WebSocket-Accept: a"],
        "beyond-ascii": ["Server: \xe4"],
        "many-headers": ["a: b"] * 20,
    }
    cases = {name: head("HTTP/1.1 101 Switching Protocols", *right, *lines) for name, lines in more.items()}
    cases |= {
        "no-reason": head("HTTP/1.1 101", *right),
        "http-1-0": head("HTTP/1.0 101 Switching Protocols", *right),
        "refused": head("HTTP/1.1 401 Unauthorized", "Content-Length: 2", rest=b"no"),
        "frame-behind": head("HTTP/1.1 101 Switching Protocols", *right, rest=frame(0x81, key=None)),
    }
    for name, case in cases.items():
        for reads in READS:
            yield f"{name}-{reads.hex()}", reads + case


EXTENSIONS = r"""
permessage-deflate
permessage-deflate; client_max_window_bits
permessage-deflate; server_no_context_takeover; client_max_window_bits=15
permessage-deflate; server_max_window_bits="10", permessage-deflate
a;b;c=d
a;b="c"
a;b="\c\d"
a;b="c\""
a;b=""
a;b="c d"
a;b="
a;b="\
a;b=
a;b==c
a;=b
a;;b
a;
;a
a b
a=b
"a"
a,b
,a,,b,
a , b ; c = d
a/b
(a)
a;b='c'
a; b=1; b=2
!#$%&'*+-.^_`|~
""".strip().encode().split(b"\n") + [b"a\x00", b"a\r\nb", b"\xff", b"\ta\t;\tb"]

URIS = """
ws://example.com
ws://example.com/
wss://example.com/chat?room=7
WSS://Example.COM:8443/A
ws://example.com?a
ws://example.com/?
ws://example.com:/
ws://127.0.0.1:80/
ws://[::1]:9001/a
wss://[2001:db8::7]
ws://[::ffff:1.2.3.4]
ws://[::1
ws://[]
ws://::1/
ws://a:65535/
ws://a:65536/
ws://a:+1/
ws://me@a/
ws://me:secret@a/
ws://a/#b
ws://a/%20
ws://a/%2
ws://a/%zz
ws://a/ b
ws://a%20b/
ws://a\\b/
ws://a_b-c.d/
ws://a/:@!$&'()*+,;=
http://a/
ws:a
ws:///a
""".strip().encode().split(b"\n")


def lines(cases):
    for number, case in enumerate(cases):
        yield f"{number:02}", case


handshakes = [
    ("handshake_request", requests()),
    ("handshake_response", responses()),
    ("handshake_extensions", lines(EXTENSIONS)),
    ("handshake_uri", lines(URIS)),
]
for target, seeds in [("header", headers()), ("mask", masks()), ("utf8", texts()), ("frames", streams()), *handshakes]:
    directory = SEEDS / target
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in seeds:
        (directory / name).write_bytes(content)
