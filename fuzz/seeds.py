#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets: one small file a case that every layer must get right.

    fuzz/seeds.py        writes fuzz/seeds/TARGET/NAME, which are kept in the repository

A seed begins with the settings that its target reads first (tests/support/targets.rs), then comes the case.
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


HELLO, PING = b"Hello", frame(0x89, b"ping")
STREAMS = {
    "hello": frame(0x81, HELLO),
    "fragments-with-ping-between": frame(0x01, HELLO) + PING + frame(0x00) + PING + frame(0x80, b"!"),
    "continuation-first": frame(0x80, HELLO),
    "text-inside-text": frame(0x01, HELLO) + frame(0x81, HELLO),
    "empty-frames": frame(0x01) + frame(0x00) * 5 + frame(0x80),
    "control-125": frame(0x89, bytes(range(125))),
    "close": frame(0x88, b"\x03\xe8bye"),
    "close-empty": frame(0x88),
    "close-one-byte": frame(0x88, b"\x03"),
    "data-after-close": frame(0x88, b"\x03\xe8") + frame(0x81, HELLO),
    "text-cut-in-character": frame(0x01, b"\xf0\x9f") + frame(0x80, b"\xa6\x80"),
    "declares-2-62": frame(0x82, declared=2**62) + bytes(40),
    "over-the-limit": frame(0x82, bytes(300)),
    "16-bit": frame(0x82, bytes(range(200))),
    "half-a-header": frame(0x82, bytes(300))[:3],
    "half-a-payload": frame(0x82, bytes(300))[:100],
    "error-behind-frames": PING + PING + b"\x83",
    "mask-turns": frame(0x82, bytes(131)) + frame(0x82, bytes(133), key=b"\x00\x00\x00\x01"),
}


def streams():
    for name, stream in STREAMS.items():
        for reads in [b"\xff\xff\xff", b"\x01\x01\x01"]:
            yield f"{name}-{reads.hex()}", bytes([SERVER, NO_LIMIT]) + reads + stream
    yield "over-a-limit", bytes([SERVER, 10]) + b"\xff\xff\xff" + frame(0x82, bytes(21))
    yield "at-a-limit", bytes([SERVER, 10]) + b"\xff\xff\xff" + frame(0x82, bytes(20))
    yield "from-a-server", bytes([CLIENT, NO_LIMIT]) + b"\x07\x07\x07" + frame(0x81, HELLO, key=None) * 3


READS = [b"\xff\xff\xff", b"\x01\x01\x01"]


def round_trips():
    opcodes = {"continuation": 0, "text": 1, "binary": 2, "close": 3, "ping": 4, "pong": 5}
    fin, times_20, times_300 = 8, 2 << 6, 3 << 6

    def spec(what, payload=b""):
        return bytes([what]) + KEY + bytes([len(payload)]) + payload

    cases = {f"{name}-{len(payload)}": spec(opcode | fin, payload)
             for name, opcode in opcodes.items() for payload in [b"", HELLO]}
    cases |= {
        "16-bit": spec(2 | fin | times_20, bytes(range(251))),
        "64-bit": spec(2 | fin | times_300, bytes(range(251))),
        "fragments": spec(1, HELLO) + spec(4, b"ping") + spec(0) + spec(0 | fin, HELLO),
        "many": spec(2 | fin, HELLO) * 40,
    }
    for name, case in cases.items():
        for role, rsv, capacity, reads in [(SERVER, 0, 14, READS[0]), (CLIENT, 0x40, 300, READS[1])]:
            yield f"{name}-{capacity}", bytes([role, rsv]) + struct.pack("<H", capacity) + reads + case


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
    "no-extensions": ["Sec-WebSocket-Extensions: ,,"],
    "no-subprotocols": ["Sec-WebSocket-Protocol: ,"],
    "a-subprotocol-twice": ["Sec-WebSocket-Protocol: chat, a", "Sec-WebSocket-Protocol: chat"],
    "too-many-subprotocols": ["Sec-WebSocket-Protocol: " + ",".join(f"p{i}" for i in range(65))],
    "empty-elements": ["Sec-WebSocket-Protocol: a,,b", "Sec-WebSocket-Extensions:", "Sec-WebSocket-Extensions: ,a"],
    "quoted-connection": ['Connection: "x, Upgrade, y"'],
    "malformed-connection": ["Connection: Upgrade, @@(;"],
    "malformed-upgrade": ['Upgrade: "(, websocket,='],
    "upgrade-with-versions": ["Upgrade: h2c/1, a/"],
}


def requests():
    nonce = ["Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==", "Sec-WebSocket-Version: 13"]
    cases = {name: head("GET /chat HTTP/1.1", *ASKED, *nonce, *more) for name, more in REQUESTS.items()}
    cases |= {
        "absolute": head("GET http://a:1/b?c HTTP/1.1", *ASKED, *nonce),
        "absolute-with-a-user": head("GET http://a:b@c/d HTTP/1.1", *ASKED, *nonce),
        "percent": head("GET /a%zz?b=100% HTTP/1.1", *ASKED, *nonce),
        "as-browsers-write": head("GET /a|b[c]^d?q={%22a%22:1}&%s0A\\`<> HTTP/1.1", *ASKED, *nonce),
        "utf-8": head("GET /caf\xc3\xa9?\xf0\x9f\xa6\x80 HTTP/1.1", *ASKED, *nonce),
        "utf-8-control": head("GET /\xc2\x85 HTTP/1.1", *ASKED, *nonce),
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
        "no-subprotocol": ["Sec-WebSocket-Protocol:"],
        "malformed-connection": ["Connection: Upgrade, @@(;"],
        "obs-fold": ["Server: an \t\r\n\told\r\n \r\n device"],
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
        "obs-fold-first": head("HTTP/1.1 101 Switching\r\n Protocols", *right),
        "no-reason": head("HTTP/1.1 101", *right),
        "http-1-0": head("HTTP/1.0 101 Switching Protocols", *right),
        "refused": head("HTTP/1.1 401 Unauthorized", "Content-Length: 2", rest=b"no"),
        "frame-behind": head("HTTP/1.1 101 Switching Protocols", *right, rest=frame(0x81, key=None)),
        "interim": head("HTTP/1.1 100", rest=head("HTTP/1.1 103 a", "b: c", rest=head("HTTP/1.1 101", *right))),
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
""".strip().encode().split(b"\n") + [b"a\x00", b"a\r\nb", b"\xff", b"\ta\t;\tb", b"", b",,", b"a,,b", b", ,"]

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
ws://a/?x=1|2
ws://a/?tags[]=1
ws://a/?q={%22a%22:1}
ws://a/a|b[c]^d
ws://a/?%s0A
ws://a/"<>\\`
ws://[fe80::1%25eth0]:81/a
ws://[fe80::1%25]
ws://[fe80::1%eth0]
ws://[fe80::1%25a%2Fb]/
ws://[%25a]/
ws://a/café?🦀
ws://a/\u0085
""".strip().encode().split(b"\n")


def lines(cases):
    for number, case in enumerate(cases):
        yield f"{number:02}", case


# What messages add to frames.
MESSAGES = STREAMS | {
    "binary-inside-text": frame(0x01, HELLO) + frame(0x02, HELLO),
    "continuation-after-the-end": frame(0x01) + frame(0x80) + frame(0x80),
    "text-ends-in-character": frame(0x01, b"a\xf0\x9f") + frame(0x80),
    "text-ends-in-character-in-one-frame": frame(0x81, b"a\xf0\x9f"),
    "text-cut-at-every-byte": b"".join(
        frame(0x01 if i == 0 else 0x80 if i == 9 else 0x00, bytes([byte]))
        for i, byte in enumerate("aé€🦀".encode())
    ),
    "wrong-text-early": frame(0x01, b"ok\xed\xa0" + bytes(90))[:12],
    "wrong-text-behind-a-fragment": frame(0x01, b"caf\xc3") + PING + frame(0x80, b"z"),
    "close-within-a-message": frame(0x01, HELLO) + frame(0x88, b"\x0f\xa0") + frame(0x80),
    "close-with-a-reason-that-is-not-text": frame(0x88, b"\x03\xe8\xff"),
    "close-with-a-code-that-must-not-be-sent": frame(0x88, b"\x03\xedbye"),
    "close-with-a-code-of-IANA": frame(0x88, b"\x03\xf6"),
    "rsv1-on-the-first-fragment": frame(0x41, HELLO) + frame(0x80, HELLO) + frame(0x81, HELLO),
    "messages-one-after-another": frame(0x81, HELLO) + frame(0x82) + frame(0x02) + frame(0x80, HELLO) + PING,
    "longer-form": frame(0x01, HELLO, form=2) + frame(0x89, b"ping", form=2) + frame(0x80, form=8),
}
THREE = frame(0x02, bytes(20)) + frame(0x00, bytes(20)) + frame(0x80, bytes(20))


def messages():
    none, validate, leave = bytes([NO_LIMIT] * 3), b"\x01", b"\x00"
    for name, stream in MESSAGES.items():
        for reads in [b"\xff\xff\xff", b"\x01\x01\x01"]:
            yield f"{name}-{reads.hex()}", bytes([SERVER]) + none + validate + reads + stream
    for name, limits in [("at", [10, 30, 3]), ("frame-over", [9, 255, 255]), ("message-over", [255, 29, 255]),
                         ("fragments-over", [255, 255, 2]), ("nothing-passes", [0, 0, 0])]:
        yield f"limits-{name}", bytes([SERVER, *limits]) + validate + b"\x07\xff\x01" + THREE
    reads = b"\x03\x01\xff"
    yield "rsv1-claimed", bytes([SERVER | 0x40]) + none + validate + reads + MESSAGES["rsv1-on-the-first-fragment"]
    yield "longer-form-accepted", bytes([SERVER | 8]) + none + validate + reads + MESSAGES["longer-form"]
    yield "text-left-to-others", bytes([SERVER]) + none + leave + reads + frame(0x81, b"\xff") + PING
    unmasked = frame(0x01, HELLO, key=None) + frame(0x8a, key=None) + frame(0x80, HELLO, key=None)
    yield "from-a-server", bytes([CLIENT]) + none + validate + reads + unmasked
    yield "unmasked-accepted", bytes([SERVER | 4]) + none + validate + reads + unmasked


def differential():
    accept_unmasked, closing = 2, 4
    for name, stream in MESSAGES.items():
        yield name, bytes([SERVER, NO_LIMIT, NO_LIMIT]) + b"\x01\xff\x03" + stream
        yield f"{name}-after-our-close", bytes([SERVER | closing, NO_LIMIT, NO_LIMIT]) + b"\xff\xff\xff" + stream
    yield "at-the-limits", bytes([SERVER, 10, 30]) + b"\x07\x07\x07" + THREE
    yield "frame-over", bytes([SERVER, 9, NO_LIMIT]) + b"\x07\x07\x07" + THREE
    yield "message-over", bytes([SERVER, NO_LIMIT, 29]) + b"\x07\x07\x07" + THREE
    yield "unmasked", bytes([SERVER, NO_LIMIT, NO_LIMIT]) + b"\xff\xff\xff" + frame(0x81, HELLO, key=None)
    yield "unmasked-accepted", (bytes([SERVER | accept_unmasked, NO_LIMIT, NO_LIMIT]) + b"\xff\xff\xff"
                                + frame(0x81, HELLO, key=None))
    yield "two-rules-at-once", bytes([SERVER, 1, NO_LIMIT]) + b"\xff\xff\xff" + frame(0x80, HELLO)


# Acts of a conversation: what, a number, and as many bytes of payload.
TEXT, FIN, LONG = 2, 4, 8
SEND, FRAGMENT, PINGS, CLOSE, DELIVER = 0 << 5, 1 << 5, 2 << 5, 3 << 5, 4 << 5


def act(what, payload=b"", number=None):
    return bytes([what, len(payload) if number is None else number]) + payload


def conversations():
    client, server, all_of_it = 0, 1, 7 << 1
    deliver = act(DELIVER | client | all_of_it, number=255) + act(DELIVER | server | all_of_it, number=255)
    by_bytes = (act(DELIVER | client, number=1) + act(DELIVER | server, number=1)) * 8
    talks = {
        "nothing": b"",
        "hello": act(SEND | TEXT | client, HELLO) + deliver + act(SEND | TEXT | server, HELLO),
        "long": act(SEND | LONG | client, HELLO * 51) + act(SEND | LONG | server, HELLO),
        "fragments": act(FRAGMENT | TEXT | client, HELLO) + act(PINGS | client, b"?")
        + act(FRAGMENT | TEXT | FIN | client, "é€🦀".encode()),
        "two-messages-at-once": act(FRAGMENT | client, HELLO) + act(SEND | client, HELLO),
        "pings": act(PINGS | client, HELLO) * 5 + act(PINGS | server, bytes(125)),
        "a-ping-too-long": act(PINGS | client, bytes(126)),
        "client-closes": act(SEND | server, HELLO) + act(CLOSE | client, number=1) + act(SEND | server, HELLO),
        "server-closes": act(PINGS | client, HELLO) + act(CLOSE | server, number=2) + act(PINGS | client, HELLO),
        "both-close": act(CLOSE | client, number=1) + act(CLOSE | server, number=2),
        "closed-within-a-message": act(FRAGMENT | client, HELLO) + act(CLOSE | client, number=3),
    }
    for name, script in talks.items():
        for pending in [0, 3, NO_LIMIT]:
            yield f"{name}-{pending}", bytes([pending]) + script
        yield f"{name}-by-bytes", bytes([1]) + by_bytes.join([script] * 2)


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


def compressed_streams():
    json = b'{"id":48151623,"price":42.1875,"side":"buy"},' * 8
    first, second, wrong, bomb = compressed(json, json[20:], b"caf\xc3", bytes(9000))
    reference = compressed(b"Hello", b"Hello")[1]
    cases = {
        "two": [(0xC1, first), (0xC2, second)],
        "mixed": [(0x81, b"Hello"), (0xC1, first), (0x82, b""), (0xC2, second)],
        "fragments": [(0x41, first[:9]), (0x89, b"ping"), (0x00, b""), (0x80, first[9:]), (0xC1, second)],
        "empty": [(0xC1, b"\0"), (0x42, b""), (0x80, b"\0")],
        "no-payload": [(0xC1, b"")],
        "truncated": [(0xC1, first[:-2]), (0xC1, second)],
        "not-utf8": [(0xC1, first), (0xC1, second), (0xC1, wrong)],
        "bomb": [(0xC2, first), (0xC2, second), (0xC2, wrong), (0xC2, bomb)],
        "to-nothing": [(0xC1, reference)],
        "rsv1-late": [(0x41, first[:9]), (0xC0, first[9:])],
        "rsv1-on-ping": [(0xC9, b"")],
        "close-between": [(0x41, first[:9]), (0x88, b"\x03\xe8"), (0x80, first[9:])],
    }
    for name, frames in cases.items():
        stream = b"".join(frame(first, payload) for first, payload in frames)
        for which, limit, cut, buffer in [(14, NO_LIMIT, 0, 0), (15, NO_LIMIT, 1, 3), (14, 150, 7, 100)]:
            yield f"{name}-{which}-{limit}", bytes([which, limit, cut, 0, buffer, 0]) + stream
        to_client = b"".join(frame(first, payload, key=None) for first, payload in frames)
        yield f"{name}-to-a-client", bytes([16 + 14, NO_LIMIT, 5, 0, 9, 0]) + to_client


def to_compress():
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


targets = {
    "header": headers(),
    "mask": masks(),
    "utf8": texts(),
    "frames": streams(),
    "round_trip": round_trips(),
    "messages": messages(),
    "relay": messages(),
    "conversation": conversations(),
    "differential": differential(),
    "handshake_request": requests(),
    "handshake_response": responses(),
    "handshake_extensions": lines(EXTENSIONS),
    "handshake_uri": lines(URIS),
    "deflate_negotiation": negotiations(),
    "deflate_connection": compressed_streams(),
    "deflate_inflate": payloads(),
    "deflate_round_trip": to_compress(),
}
for target, seeds in targets.items():
    directory = SEEDS / target
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in seeds:
        (directory / name).write_bytes(content)
