//! Tests of the example `inspect` on captured and generated streams: its exact output, and its
//! memory.

use crate::example;

use core::time::Duration;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread;

const COLUMNS: &str = "    offset  FIN  RSV  opcode        mask          length  payload\n";

/// The output of a run.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    stdout: String,
    stderr: String,
    status: Option<i32>,
}

fn spawn(args: &[&str]) -> Child {
    example::command("inspect")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the example starts")
}

/// Runs the example. Writes each piece to its standard input after it has probably read the
/// previous ones.
fn inspect_pieces<'a>(args: &[&str], pieces: impl Iterator<Item = &'a [u8]> + Send) -> Run {
    let mut child = spawn(args);
    let mut stdin = child.stdin.take().expect("its standard input");
    let output = thread::scope(|scope| {
        scope.spawn(move || {
            for (at, piece) in pieces.enumerate() {
                if at > 0 {
                    thread::sleep(Duration::from_millis(1));
                }
                // It stops reading at a broken rule.
                if stdin.write_all(piece).is_err() {
                    break;
                }
            }
        });
        child.wait_with_output().expect("its output")
    });
    Run {
        stdout: String::from_utf8(output.stdout).expect("output in UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("messages in UTF-8"),
        status: output.status.code(),
    }
}

fn inspect(args: &[&str], input: &[u8]) -> Run {
    inspect_pieces(&[args, &["-"]].concat(), [input].into_iter())
}

fn inspect_hex(args: &[&str], hex: &str) -> Run {
    inspect(&[args, &["--hex"]].concat(), hex.as_bytes())
}

/// Returns only the lines of the frames.
fn frame_lines(run: &Run) -> &str {
    let (_, lines) = run.stdout.split_once(COLUMNS).expect("a frame");
    lines.split_once("\n\n").expect("a summary").0
}

/// Returns the value at `label` in the summary.
fn summary<'a>(run: &'a Run, label: &str) -> &'a str {
    run.stdout
        .lines()
        .find_map(|line| line.strip_prefix(label))
        .unwrap_or_else(|| panic!("no {label} in {run:?}"))
        .trim()
}

/// Returns the path of a file in `tests/data`.
fn data(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "data", name].iter().collect();
    path.into_os_string().into_string().expect("a path in UTF-8")
}

fn inspect_file(args: &[&str], name: &str) -> Run {
    inspect_pieces(&[args, &[&data(name)]].concat(), [].into_iter())
}

#[test]
fn the_examples_of_section_5_7() {
    let run =
        inspect_hex(&[], "81 05 48 65 6c 6c 6f  01 03 48 65 6c  80 02 6c 6f  89 05 48 65 6c 6c 6f");
    let expected = format!(
        "from the server, as its first frame is not masked
{COLUMNS}         0  FIN  ---  text          -                  5  \"Hello\"
         7  -    ---  text          -                  3  \"Hel\"
        12  FIN  ---  continuation  -                  2  \"lo\"
        16  FIN  ---  ping          -                  5  48656c6c6f

frames         4: 1 continuation, 2 text, 1 ping
messages       2: 2 text
text           valid UTF-8
payload bytes  15
bytes read     23
end            between two frames
"
    );
    assert_eq!((run.stdout, run.stderr.as_str(), run.status), (expected, "", Some(0)));

    let run = inspect_hex(&[], "81 85 37fa213d 7f9f4d5158\n8a 85 37fa213d 7f9f4d5158\n");
    let expected = format!(
        "from the client, as its first frame is masked
{COLUMNS}         0  FIN  ---  text          37fa213d           5  \"Hello\"
        11  FIN  ---  pong          37fa213d           5  48656c6c6f

frames         2: 1 text, 1 pong
messages       1: 1 text
text           valid UTF-8
payload bytes  10
bytes read     22
end            between two frames
"
    );
    assert_eq!((run.stdout, run.stderr.as_str(), run.status), (expected, "", Some(0)));

    let long =
        [&[0x82, 0x7E, 1, 0][..], &[7; 256], &[0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0], &[9; 65_536]];
    let run = inspect(&[], &long.concat());
    assert_eq!(
        frame_lines(&run),
        "         0  FIN  ---  binary        -                256  070707070707070707070707070707070707070707070707…
       260  FIN  ---  binary        -              65536  090909090909090909090909090909090909090909090909…"
    );
    assert_eq!(summary(&run, "payload bytes"), "65792");
}

#[test]
fn empty_input_has_an_empty_summary() {
    let expected = "\
frames         0
messages       0
text           none
payload bytes  0
bytes read     0
end            between two frames
";
    for args in [&[][..], &["--from", "client"], &["--hex"]] {
        let run = inspect(args, b"");
        let said = if args.len() == 2 { "from the client, as told\n" } else { "" };
        assert_eq!(run.stdout, format!("{said}{expected}"));
        assert_eq!((run.stderr.as_str(), run.status), ("", Some(0)));
    }
}

#[test]
fn a_recording_of_ws() {
    let run = inspect_file(&[], "ws-client.bin");
    let expected = format!(
        r#"HTTP head of 154 bytes skipped
from the client, as its HTTP head says
{COLUMNS}       154  FIN  ---  text          f4c2a21e           5  "Hello"
       165  FIN  ---  text          9cf7f3b0          34  "smile: 😀, grüße, \u{{1b}}[31mred\u{{1b}}[0m"
       205  FIN  ---  binary        e4d457c3           8  00010203fcfdfeff
       219  FIN  ---  binary        7aa74a4d         300  abababababababababababababababababababababababab…
       527  -    ---  text          f8a30537          11  "in three "
       544  FIN  ---  ping          59817fe8           7  6265747765656e
       557  -    ---  continuation  25e26633           1  ""
       564  FIN  ---  continuation  eef8e60a           7  "🦀 parts"
       577  FIN  ---  text          c07a40a6           0  ""
       583  FIN  ---  pong          3ff14776           4  70696e67
       593  FIN  ---  close         b4933441          10  1000 (normal closure) "done ✓"

frames         11: 2 continuation, 4 text, 2 binary, 1 close, 1 ping, 1 pong
messages       6: 4 text, 2 binary
text           valid UTF-8
payload bytes  387
bytes read     609
end            behind the Close frame at offset 593
"#
    );
    assert_eq!((run.stdout, run.stderr.as_str(), run.status), (expected, "", Some(0)));
}

#[test]
fn a_recording_of_chromium() {
    let run = inspect_file(&["--claim", "RSV1"], "chromium-client.bin");
    let expected = format!(
        r#"HTTP head of 479 bytes skipped
from the client, as its HTTP head says
{COLUMNS}       479  FIN  1--  text          43d1c5a2          22  f248cdc9c957482bcacf554854482aca2f2f4e2d0200
       507  FIN  1--  text          e2bc5531          13  fa307f46c3281ec5a3183b0600
       526  FIN  1--  binary        b02d3a86          11  62606462fef3f7df7f0000
       543  FIN  1--  text          f6f57a20           1  00
       550  FIN  ---  pong          6a1972d4           4  70696e67
       560  FIN  ---  close         ed1371c9          16  4001 (private use) "tab closed ✓"

frames         6: 3 text, 1 binary, 1 close, 1 pong
messages       4: 3 text, 1 binary
text           none; 3 not validated, as an extension has changed them
payload bytes  67
bytes read     582
end            behind the Close frame at offset 560
"#
    );
    assert_eq!((run.stdout, run.stderr.as_str(), run.status), (expected, "", Some(0)));

    let run = inspect_file(&[], "chromium-client.bin");
    assert_eq!(
        run.stderr,
        "inspect: offset 479: reserved bits that no extension defines on this frame: RSV1 (RFC 6455 §5.2)\n"
    );
    assert_eq!(run.status, Some(1));
}

/// Streams that break a rule after a Ping of two bytes, and the message for each.
const BROKEN: &[(&[&str], &str, &str)] = &[
    (&[], "8900 8300", "offset 2: opcode 0x3 is reserved (RFC 6455 §5.2)"),
    (&[], "8900 8b00", "offset 2: opcode 0xb is reserved (RFC 6455 §5.2)"),
    (
        &[],
        "8900 a200",
        "offset 2: reserved bits that no extension defines on this frame: RSV2 (RFC 6455 §5.2)",
    ),
    (
        &["--claim", "RSV1,RSV2"],
        "8900 e200 f200",
        "offset 4: reserved bits that no extension defines on this frame: RSV3 (RFC 6455 §5.2)",
    ),
    (
        &["--claim", "RSV1"],
        "8900 4200 c000",
        "offset 4: reserved bits that no extension defines on this frame: RSV1 (RFC 6455 §5.2)",
    ),
    (&[], "8900 0900", "offset 2: ping frame must not be fragmented (RFC 6455 §5.5)"),
    (
        &[],
        "8900 897e",
        "offset 2: control frame of 126 bytes: at most 125 are allowed, in a 7-bit length (RFC 6455 §5.5)",
    ),
    (&[], "8980 00000000 8900", "offset 6: frame from a client must be masked (RFC 6455 §5.1)"),
    (&["--from", "client"], "8900", "offset 0: frame from a client must be masked (RFC 6455 §5.1)"),
    (&[], "8900 8980", "offset 2: frame from a server must not be masked (RFC 6455 §5.1)"),
    (
        &["--lenient"],
        "8900 8980",
        "offset 2: frame from a server must not be masked (RFC 6455 §5.1)",
    ),
    (
        &[],
        "8900 827e 007d",
        "offset 2: payload length 125 must be encoded in its shortest form (RFC 6455 §5.2)",
    ),
    (
        &[],
        "8900 827f 000000000000ffff",
        "offset 2: payload length 65535 must be encoded in its shortest form (RFC 6455 §5.2)",
    ),
    (
        &[],
        "8900 827f 8000000000000000",
        "offset 2: payload length 9223372036854775808 exceeds 63 bits (RFC 6455 §5.2)",
    ),
    (
        &["--lenient"],
        "8900 827f 8000000000000000",
        "offset 2: payload length 9223372036854775808 exceeds 63 bits (RFC 6455 §5.2)",
    ),
    (&[], "8900 8000", "offset 2: a continuation frame, but no message is open (RFC 6455 §5.4)"),
    (
        &[],
        "8900 0100 8000 0000",
        "offset 6: a continuation frame, but no message is open (RFC 6455 §5.4)",
    ),
    (
        &[],
        "8900 0100 8100",
        "offset 4: a new message inside the one that began at offset 2 (RFC 6455 §5.4)",
    ),
    (
        &[],
        "8900 0200 0000 8900 0200",
        "offset 8: a new message inside the one that began at offset 2 (RFC 6455 §5.4)",
    ),
    (&[], "8900 8103 61ff62", "offset 5: text is not UTF-8 from here (RFC 6455 §8.1)"),
    // The error is in the second fragment, after the rest of a character, in a chunk of one byte,
    // or masked.
    (&[], "8900 0102c3a9 8002e1e1", "offset 9: text is not UTF-8 from here (RFC 6455 §8.1)"),
    (
        &[],
        "8900 0101f0 8900 000190 8002801f",
        "offset 13: text is not UTF-8 from here (RFC 6455 §8.1)",
    ),
    (
        &[],
        "8980 00000000 8183 01020304 60fd60",
        "offset 13: text is not UTF-8 from here (RFC 6455 §8.1)",
    ),
    (&[], "8900 8103 6162c3", "offset 2: text ends inside a UTF-8 character (RFC 6455 §8.1)"),
    (&[], "8900 0102 62c3 8000", "offset 6: text ends inside a UTF-8 character (RFC 6455 §8.1)"),
    (
        &[],
        "8900 8801 03",
        "offset 2: Close frame with a body of 1 byte: it must be empty or at least 2 bytes (RFC 6455 §5.5.1)",
    ),
    (
        &[],
        "8900 8802 03ed",
        "offset 2: close code 1005 must not be sent in a Close frame (RFC 6455 §7.4)",
    ),
    (&[], "8900 8804 03e8 61ff", "offset 7: text is not UTF-8 from here (RFC 6455 §8.1)"),
    (&[], "8900 8804 03e8 61c3", "offset 2: text ends inside a UTF-8 character (RFC 6455 §8.1)"),
];

#[test]
fn broken_rules_are_reported() {
    for &(args, hex, said) in BROKEN {
        let run = inspect_hex(args, hex);
        assert_eq!(run.stderr, format!("inspect: {said}\n"), "{hex}");
        assert_eq!(run.status, Some(1), "{hex}");

        // The frames before the error, and the place of the error are shown.
        let offset = &said["offset ".len()..said.find(':').expect("an offset")];
        assert_eq!(summary(&run, "end"), format!("a broken rule at offset {offset}"), "{hex}");
        assert_eq!(run.stdout.contains("0  FIN  ---  ping"), offset != "0", "{hex}");
    }
}

#[test]
fn the_valid_beginning_of_a_broken_text_is_shown() {
    let run = inspect_hex(&[], "0103 6162c3 8006 a963 c3 c3 6162");
    let expected = format!(
        "from the server, as its first frame is not masked
{COLUMNS}         0  -    ---  text          -                  3  \"ab\"
         5  FIN  ---  continuation  -                  6  \"éc\"…

frames         2: 1 continuation, 1 text
messages       0
text           not valid UTF-8
payload bytes  6
end            a broken rule at offset 10
"
    );
    assert_eq!((run.stdout, run.status), (expected, Some(1)));
}

#[test]
fn an_incomplete_frame_is_reported() {
    for (hex, end) in [
        ("82", "half a frame at offset 0; header bytes missing: at least 1"),
        ("8900 82", "half a frame at offset 2; header bytes missing: at least 1"),
        ("8900 827e", "half a frame at offset 2; header bytes missing: 2"),
        ("8900 827f 00000000000000", "half a frame at offset 2; header bytes missing: 1"),
        ("8980 00000000 8280 0000", "half a frame at offset 6; header bytes missing: 2"),
        ("8900 8205", "half a frame at offset 2; payload bytes missing: 5"),
        ("8900 8205 01020304", "half a frame at offset 2; payload bytes missing: 1"),
        ("8900 827e 0100 01", "half a frame at offset 2; payload bytes missing: 255"),
        (
            "8900 827f 7fffffffffffffff 01",
            "half a frame at offset 2; payload bytes missing: 9223372036854775806",
        ),
        ("8900 8803 03e8", "half a frame at offset 2; payload bytes missing: 1"),
        ("8900 0100", "inside the message that began at offset 2"),
        ("8900 0100 8900 0000", "inside the message that began at offset 2"),
    ] {
        let run = inspect_hex(&[], hex);
        assert_eq!(summary(&run, "end"), end, "{hex}");
        assert_eq!((run.stderr.as_str(), run.status), ("", Some(0)), "{hex}");
    }

    let run = inspect_hex(&[], "8205 01020304 ");
    assert_eq!(
        frame_lines(&run),
        "         0  FIN  ---  binary        -                  5  01020304…"
    );
    assert_eq!(summary(&run, "frames"), "1: 1 binary");
    assert_eq!(summary(&run, "messages"), "0");
    assert_eq!(summary(&run, "payload bytes"), "4");

    // The part of a text that arrived must be valid.
    let run = inspect_hex(&[], "8105 61ff");
    assert_eq!(run.stderr, "inspect: offset 3: text is not UTF-8 from here (RFC 6455 §8.1)\n");
    let run = inspect_hex(&[], "8105 61c3");
    assert_eq!(summary(&run, "text"), "valid UTF-8 so far");
}

#[test]
fn payloads_are_shown_safely() {
    for (payload, shown) in [
        ("\r\n\t\u{1b}[2J\u{7f}\u{9b}", r#""\r\n\t\u{1b}[2J\u{7f}\u{9b}""#),
        ("a \"quoted\" \\ 'word'", r#""a \"quoted\" \\ 'word'""#),
        ("\u{202e}left", r#""\u{202e}left""#),
        ("\0", r#""\0""#),
    ] {
        let frame = [&[0x81, payload.len() as u8], payload.as_bytes()].concat();
        let expected = format!("  {:>10}  {shown}", payload.len());
        let run = inspect(&[], &frame);
        assert!(frame_lines(&run).ends_with(&expected), "{run:?}");
    }

    // 64 bytes of a text are shown, without an incomplete character.
    for (before, shown) in [(62, 1), (63, 0)] {
        let text = "x".repeat(before) + "ééé";
        let run = inspect(&[], &[&[0x81, text.len() as u8], text.as_bytes()].concat());
        let expected = format!("\"{}{}\"…", "x".repeat(before), "é".repeat(shown));
        assert!(frame_lines(&run).ends_with(&expected), "{run:?}");
    }
    let text = "x".repeat(62) + "é";
    let run_64 = inspect(&[], &[&[0x81, 64], text.as_bytes()].concat());
    assert!(frame_lines(&run_64).ends_with(&format!("\"{text}\"")));

    // The reason of a Close frame is shown completely.
    let reason = "\u{7}".repeat(123);
    let run = inspect(&[], &[&[0x88, 125, 0x0F, 0xA0], reason.as_bytes()].concat());
    let expected = format!("4000 (private use) \"{}\"", r"\u{7}".repeat(123));
    assert!(frame_lines(&run).ends_with(&expected), "{run:?}");
    let run = inspect_hex(&[], "8800");
    assert!(frame_lines(&run).ends_with("           0  no code"), "{run:?}");
}

#[test]
fn what_follows_a_close_frame_is_discarded() {
    let run = inspect_hex(&[], "8802 03e8 81ff ffff ff");
    assert_eq!(
        summary(&run, "end"),
        "behind the Close frame at offset 0; bytes that a receiver discards: 5 (RFC 6455 §1.4)"
    );
    assert_eq!(summary(&run, "bytes read"), "9");
    assert_eq!((run.stderr.as_str(), run.status), ("", Some(0)));

    let run = inspect(&[], &[&[0x88, 0][..], &[0xFF; 300_000]].concat());
    assert!(summary(&run, "end").ends_with("discards: 300000 (RFC 6455 §1.4)"));
}

#[test]
fn lenient_rules_accept_more() {
    let run =
        inspect_hex(&["--lenient", "--from", "client"], "8101 61 827e 0001 62 8981 01000000 02");
    assert_eq!(
        frame_lines(&run),
        "         0  FIN  ---  text          -                  1  \"a\"
         3  FIN  ---  binary        -                  1  62
         8  FIN  ---  ping          01000000           1  03"
    );
    assert_eq!(run.status, Some(0));
}

#[test]
fn an_http_head_is_skipped() {
    let response = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    let run = inspect(&[], &[&response[..], b"\x89\x00"].concat());
    assert!(run.stdout.starts_with(&format!(
        "HTTP head of {0} bytes skipped\nfrom the server, as its HTTP head says\n{COLUMNS}{0:>10}  FIN",
        response.len()
    )));

    // The head tells the sender, for any first frame.
    let run = inspect(&[], b"GET / HTTP/1.1\r\n\r\n\x89\x00");
    assert_eq!(
        run.stderr,
        "inspect: offset 18: frame from a client must be masked (RFC 6455 §5.1)\n"
    );

    let run = inspect(&[], b"GET / HTTP/1.1\r\nHost: a\r\n");
    assert_eq!(summary(&run, "end"), "inside the HTTP head");
    assert_eq!(run.status, Some(0));

    // 64 KiB are enough.
    let head_of = |len: usize| {
        let mut head = b"GET / HTTP/1.1\r\nA: ".to_vec();
        head.resize(len - 4, b'a');
        head.extend_from_slice(b"\r\n\r\n\x89\x80\0\0\0\0");
        head
    };
    let run = inspect(&[], &head_of(65_536));
    assert_eq!((summary(&run, "frames"), run.status), ("1: 1 ping", Some(0)));
    let run = inspect(&[], &head_of(65_537));
    assert_eq!(run.stderr, "inspect: -: an HTTP head of more than 65536 bytes\n");
    assert_eq!(run.status, Some(2));

    // Bytes that only begin like a head are an invalid frame.
    let run = inspect(&[], b"GEN");
    assert_eq!(run.stderr, "inspect: offset 0: opcode 0x7 is reserved (RFC 6455 §5.2)\n");
}

#[test]
fn unreadable_files_and_arguments_are_errors() {
    for (args, input, said) in [
        (&["--hex", "-"][..], "8100\n8x", "inspect: -: offset 6: not a hexadecimal digit\n"),
        (&["--hex", "-"], "81 00 8\n", "inspect: -: offset 8: the second digit is missing\n"),
        (&["no such file"], "", "inspect: no such file: "),
        (&[], "", "inspect: FILE is missing\nusage: "),
        (&["a", "b"], "", "inspect: more than one FILE\n"),
        (&["--speed", "-"], "", "inspect: no such option: --speed\n"),
        (&["-", "--from"], "", "inspect: --from takes client or server\n"),
        (&["-", "--claim", "RSV4"], "", "inspect: --claim takes RSV1, RSV2 or RSV3"),
    ] {
        let run = inspect_pieces(args, [input.as_bytes()].into_iter());
        assert!(run.stderr.starts_with(said), "{run:?}");
        assert_eq!(run.status, Some(2), "{args:?}");
    }
    let run = inspect_pieces(&["--help"], [].into_iter());
    assert!(run.stdout.contains("--lenient") && run.stdout.contains("exit status"));
    assert_eq!((run.stderr.as_str(), run.status), ("", Some(0)));
}

/// The output does not depend on how the bytes arrive.
#[test]
fn output_does_not_depend_on_the_reads() {
    let ws = fs::read(data("ws-client.bin")).expect("a capture");
    for size in [1, 3, 7, 64] {
        let whole = inspect_file(&[], "ws-client.bin");
        assert_eq!(inspect_pieces(&["-"], ws.chunks(size)), whole, "{size}");
    }
    for &(args, hex, _) in BROKEN {
        let args = [args, &["--hex", "-"]].concat();
        let whole = inspect_pieces(&args, [hex.as_bytes()].into_iter());
        assert_eq!(inspect_pieces(&args, hex.as_bytes().chunks(1)), whole, "{hex}");
    }
}

/// A text that the window and its fragments cut many times, also inside characters.
#[test]
fn long_text_is_decoded_across_reads() {
    let text = "é🦀".repeat(100_000);
    let mut stream = Vec::new();
    let fragments = text.as_bytes().chunks(75_001);
    let last = fragments.len() - 1;
    for (at, fragment) in fragments.enumerate() {
        let fin = if at == last { 0x80 } else { 0 };
        stream.extend([fin | u8::from(at == 0), 0x7F]);
        stream.extend((fragment.len() as u64).to_be_bytes());
        stream.extend(fragment);
    }
    let whole = inspect(&[], &stream);
    assert_eq!(summary(&whole, "messages"), "1: 1 text");
    assert_eq!(summary(&whole, "text"), "valid UTF-8");
    assert_eq!(summary(&whole, "payload bytes"), "600000");
    // The fragments begin anywhere in the six bytes. Only whole characters of them are shown.
    for line in frame_lines(&whole).lines() {
        let shown = line.split_once('"').expect("a text").1;
        assert!(shown.ends_with("\"…"), "{line}");
        assert!(shown.trim_end_matches("\"…").chars().all(|char| "é🦀".contains(char)), "{line}");
    }

    for broken in [65_536, 65_537, 131_072, 375_054] {
        let mut stream = stream.clone();
        stream[broken] = 0xFF;
        let run = inspect(&[], &stream);
        let said =
            format!("inspect: offset {broken}: text is not UTF-8 from here (RFC 6455 §8.1)\n");
        assert_eq!((run.stderr, run.status), (said, Some(1)));
    }
}

/// A reader that closes the pipe ends the run without a message.
#[test]
fn a_closed_pipe_ends_the_run() {
    let mut child = spawn(&["-"]);
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().expect("its standard input");
    let frames = b"\x89\x00".repeat(100_000);
    let writer = thread::spawn(move || stdin.write_all(&frames));
    let output = child.wait_with_output().expect("its end");
    assert_eq!(
        (String::from_utf8_lossy(&output.stderr).as_ref(), output.status.code()),
        ("", Some(0))
    );
    let _: io::Result<()> = writer.join().expect("the writer");
}

/// 300 MiB, most of them a single frame, take no more memory than the first two.
#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow() {
    const MIB: u64 = 1 << 20;

    let mut child = example::command("inspect")
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the example starts");
    let mut stdin = child.stdin.take().expect("its standard input");
    let status = format!("/proc/{}/status", child.id());
    // The peak memory of the process, in KiB.
    let peak = || -> u64 {
        let status = fs::read_to_string(&status).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().next());
        kib.and_then(|kib| kib.parse().ok()).expect("its peak")
    };
    let header = |first: u8, len: u64| {
        [&[first, 0xFF][..], &len.to_be_bytes(), &[0x37, 0xFA, 0x21, 0x3D]].concat()
    };

    // Almost a mebibyte of frames of 4 KiB and of 2 bytes, text and binary.
    let text = [&[0x81, 0xFE, 0x10, 0][..], &[0x20; 4], &[b'A'; 4096]].concat();
    let binary = [0x82, 0x82, 1, 2, 3, 4, 5, 6];
    let small = [text.repeat(224), binary.repeat(4096)].concat();
    let mebibyte = vec![0x20; MIB as usize];

    stdin.write_all(&small).expect("room in the pipe");
    stdin.write_all(&header(0x82, MIB)).expect("room in the pipe");
    stdin.write_all(&mebibyte).expect("room in the pipe");
    let early = peak();

    for _ in 0..32 {
        stdin.write_all(&small).expect("room in the pipe");
    }
    stdin.write_all(&header(0x82, 256 * MIB)).expect("room in the pipe");
    for _ in 0..256 {
        stdin.write_all(&mebibyte).expect("room in the pipe");
    }
    // A frame whose declared length exceeds any memory.
    stdin.write_all(&header(0x82, i64::MAX as u64)).expect("room in the pipe");
    for _ in 0..16 {
        stdin.write_all(&mebibyte).expect("room in the pipe");
    }
    let late = peak();
    drop(stdin);

    assert_eq!(child.wait().expect("its end").code(), Some(0));
    assert!(late <= early + 64, "from {early} KiB to {late} KiB");
    assert!(late < 8 * 1024, "{late} KiB");
}
