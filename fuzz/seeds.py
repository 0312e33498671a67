#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets: one small file a case that every layer must get right.

    fuzz/seeds.py        writes fuzz/seeds/TARGET/NAME, which are kept in the repository

A seed begins with the settings that its target reads first (see the targets), then comes the case.
"""

import pathlib
import struct
import zlib

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


def negotiations():
    lines = {
        "plain": "",
        "server-no-takeover": "; server_no_context_takeover",
        "client-no-takeover": "; client_no_context_takeover",
        "no-takeover": "; server_no_context_takeover; client_no_context_takeover",
        "flag-with-value": "; client_no_context_takeover=1",
        "client-bits": "; client_max_window_bits",
        "client-bits-10": "; client_max_window_bits=10",
        "server-bits": "; server_max_window_bits",
        "quoted": '; server_max_window_bits="12"',
        "escaped": '; server_max_window_bits="1\\2"',
        "leading-zero": "; server_max_window_bits=08",
        "repeated": "; server_max_window_bits=9; server_max_window_bits=9",
        "unknown": "; mux=1",
        "all": "; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=8",
        "fallback": "; server_max_window_bits=7, permessage-deflate; server_max_window_bits=10, permessage-deflate",
        "other": "; x, x-webkit-deflate-frame",
    }
    for bits in range(7, 17):
        lines[f"server-bits-{bits}"] = f"; server_max_window_bits={bits}"
    for name, parameters in lines.items():
        for wanted in [bytes([14, 14]), bytes([15, 15]), bytes([4, 7])]:
            yield f"{name}-{wanted.hex()}", wanted + bytes([14, 14]) + b"permessage-deflate" + parameters.encode()


def compressed(*messages, level=6, bits=15, strategy=zlib.Z_DEFAULT_STRATEGY):
    compressor = zlib.compressobj(level, zlib.DEFLATED, -bits, 8, strategy)
    return [(compressor.compress(message) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4] for message in messages]


def payloads():
    hello, json = b"Hello", b'{"id":48151623,"price":42.1875,"side":"buy"},' * 8
    cases = {
        "hello-twice": compressed(hello, hello),
        "json": compressed(json, json[20:]),
        "stored": compressed(hello, json, level=0),
        "fixed": compressed(hello, json, strategy=zlib.Z_FIXED),
        "huffman": compressed(hello, json, strategy=zlib.Z_HUFFMAN_ONLY),
        "window-9": compressed(bytes(range(200)) * 3, bytes(range(200)), bits=9),
        "bomb": compressed(bytes(20000), hello),
        "empty": [b"\0", b"\0"],
        "final": [bytes.fromhex("f348cdc9c9070000"), bytes.fromhex("f248cdc9c90700")],
        "final-then-reference": [bytes.fromhex("f348cdc9c9070000"), bytes.fromhex("f200110000")],
        "final-without-end": [bytes.fromhex("f348cdc9c90700"), b""],
        "two-blocks": [bytes.fromhex("f248050000 00ffff cac9c90700"), b"\0"],
        "truncated": [compressed(json)[0][:-3], b"\0"],
        "tail-as-data": [bytes.fromhex("000400fbff"), b"\0"],
        "too-far-back": [bytes.fromhex("f200110000"), b"\0"],
        "reserved-block": [b"\x06", b"\0"],
    }
    for name, (first, second) in cases.items():
        for takeover, limit, cut in [(1, NO_LIMIT, 0), (0, NO_LIMIT, 1), (1, 100, 3)]:
            yield f"{name}-{takeover}-{limit}-{cut}", bytes([takeover, limit, cut, cut, 0, cut, len(first)]) + first + second
    yield "wrong-behind-the-limit", bytes([1, 0, 0, 0, 0, 0, 255]) + bytes.fromhex("fa00fffbff0400")


def messages():
    cases = {
        "empty": b"",
        "hello": b"HelloHello",
        "json": b'{"id":48151623,"price":42.1875,"side":"buy"},' * 20,
        "zeros": bytes(3000),
        "cycle": bytes(range(251)) * 8,
        "korean": "웹소켓은 하나의 연결에서 ".encode() * 20,
    }
    for name, text in cases.items():
        for which, level, memory, cut in [(0, 1, 1, 0), (2, 4, 8, 1), (14, 6, 8, 7), (15, 9, 9, 0), (1, 0, 8, 3), (3, 2, 8, 5)]:
            yield f"{name}-{which}-{level}", bytes([which, level, memory, cut, 64, cut, 0, min(len(text) // 2, 255)]) + text


targets = [
    ("header", headers()),
    ("mask", masks()),
    ("utf8", texts()),
    ("frames", streams()),
    ("deflate_negotiation", negotiations()),
    ("deflate_inflate", payloads()),
    ("deflate_round_trip", messages()),
]
for target, seeds in targets:
    directory = SEEDS / target
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in seeds:
        (directory / name).write_bytes(content)
