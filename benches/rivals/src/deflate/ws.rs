//! ws, the WebSocket package of Node.js, with the zlib of Node.js: in a process of its own, whose messages are
//! brought there before they are timed. What goes between for a run is a line each way.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::json;

use super::LEVEL;
use super::messages::Messages;

/// Where the interoperability tests install it.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/interop/node_modules/ws");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/deflate/ws.mjs");

/// Whether it can be measured here.
pub fn is_there() -> bool {
    let node = Command::new("node").arg("--version").stdout(Stdio::null()).status();
    Path::new(FOLDER).exists() && node.is_ok_and(|status| status.success())
}

pub fn messages(takeover: bool) -> impl FnMut(&mut Messages) {
    let mut process = Process::start();
    // What was brought there, by what tells it from the rest.
    let mut brought: Vec<Vec<u8>> = Vec::new();
    move |messages| {
        let number = brought.iter().position(|first| *first == messages.plain[0]);
        let told = number.map_or_else(
            || {
                brought.push(messages.plain[0].clone());
                let plain: Vec<_> =
                    messages.plain.iter().map(|text| String::from_utf8_lossy(text)).collect();
                json!({ "takeover": takeover, "messages": plain })
            },
            |number| json!(number),
        );
        (messages.compressed, messages.decompressed) = process.run(&told);
    }
}

struct Process {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Process {
    fn start() -> Self {
        let mut command = Command::new("node");
        command.args([SCRIPT, FOLDER, &LEVEL.to_string()]);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("node, which was there");
        let (to, from) = (child.stdin.take(), child.stdout.take());
        Self { child, to: to.expect("a pipe"), from: BufReader::new(from.expect("a pipe")) }
    }

    fn run(&mut self, told: &serde_json::Value) -> (usize, usize) {
        writeln!(self.to, "{told}").expect("it reads");
        let mut answer = String::new();
        self.from.read_line(&mut answer).expect("it answers");
        serde_json::from_str(&answer).expect("two numbers")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
