//! Running examples: servers until they are dropped, and other programs to their end.

use core::time::Duration;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Instant;
use std::{fs, thread};

use crate::example;

/// The limit for every wait.
pub const LIMIT: Duration = Duration::from_secs(30);

/// A server or a relay that runs until it is dropped.
pub struct Running {
    pub child: Child,
    pub address: String,
}

impl Running {
    /// Starts it, and waits until it prints its address.
    pub fn start(name: &str, args: &[&str]) -> Self {
        Self::spawn(example::command(name).args(args))
    }

    pub fn spawn(command: &mut Command) -> Self {
        let child = command.stdout(Stdio::piped()).spawn().expect("the example starts");
        // From now on it ends with the test, also if the test fails.
        let mut running = Self { child, address: String::new() };
        let lines = BufReader::new(running.child.stdout.take().expect("its output")).lines();
        let (found, address) = mpsc::channel();
        thread::spawn(move || {
            let address = lines
                .map(|line| line.expect("its output in UTF-8"))
                .find_map(|line| Some(line.split_once("ws://")?.1.split_once('/')?.0.to_owned()));
            let _ = found.send(address);
        });
        let address = address.recv_timeout(LIMIT).expect("it says something in time");
        running.address = address.expect("it says where it listens");
        running
    }

    /// Starts a server on a free port.
    pub fn local(name: &str) -> Self {
        Self::start(name, &["127.0.0.1:0"])
    }

    pub fn echo_server() -> Self {
        Self::local("echo_server")
    }

    pub fn relay(to: &str) -> Self {
        Self::start("relay", &["127.0.0.1:0", &format!("ws://{to}")])
    }

    pub fn url(&self) -> String {
        format!("ws://{}/", self.address)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Calls the function with the address of an echo server, of a relay to one, and of the echo server
/// on `Framed`.
pub fn straight_and_through_the_relay(check: impl Fn(&str)) {
    let server = Running::echo_server();
    check(&server.address);
    let relay = Running::relay(&server.address);
    check(&relay.address);
    #[cfg(feature = "tokio")]
    check(&Running::local("framed").address);
}

/// Runs an example to its end.
pub fn run(name: &str, args: &[&str], stdin: &[u8]) -> Output {
    let mut child = example::command(name)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the example starts");
    let mut input = child.stdin.take().expect("its standard input");
    let mut streams: [Box<dyn Read + Send>; 2] = [
        Box::new(child.stdout.take().expect("its standard output")),
        Box::new(child.stderr.take().expect("its standard error")),
    ];
    thread::scope(|scope| {
        // The program may end before it has read everything.
        scope.spawn(move || drop(input.write_all(stdin)));
        let [stdout, stderr] = streams.each_mut().map(|stream| {
            scope.spawn(|| {
                let mut bytes = Vec::new();
                stream.read_to_end(&mut bytes).expect("its output");
                bytes
            })
        });
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("its status") {
                break status;
            }
            if start.elapsed() > LIMIT {
                child.kill().expect("it was running");
                panic!("{name} {args:?} has not ended");
            }
            thread::sleep(Duration::from_millis(5));
        };
        let [stdout, stderr] = [stdout, stderr].map(|bytes| bytes.join().expect("the bytes"));
        Output { status, stdout, stderr }
    })
}

/// Expects success. Returns the standard output.
pub fn printed(output: Output) -> String {
    let Output { status, stdout, stderr } = output;
    assert!(status.success(), "{status}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).expect("output in UTF-8")
}

/// Expects failure with this status. Returns the standard error.
pub fn complaint(output: Output, status: i32) -> String {
    let said = String::from_utf8(output.stderr).expect("messages in UTF-8");
    assert_eq!(output.status.code(), Some(status), "{said}");
    said
}

/// Returns the memory of a process, if the system provides it.
pub fn resident_bytes(process: u32) -> Option<usize> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: usize = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}
