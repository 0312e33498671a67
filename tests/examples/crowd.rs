//! More connections than a server has file descriptors for.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use crate::example;
use crate::peer::Peer;
use crate::running::Running;

/// When all file descriptors are taken, a server reports it and waits until one is free.
pub fn outlives_a_failed_accept(name: &str, args: &[&str]) {
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 24 && exec \"$0\" \"$@\""]);
    limited.arg(example::command(name).get_program()).args(args).stderr(Stdio::piped());
    let mut running = Running::spawn(&mut limited);
    let crowd: Vec<TcpStream> =
        (0..40).map(|_| TcpStream::connect(&running.address).expect("room in the queue")).collect();
    let mut complaints = BufReader::new(running.child.stderr.take().expect("its errors"));
    let mut complaint = String::new();
    complaints.read_line(&mut complaint).expect("a line");
    assert!(complaint.contains("cannot accept a connection: "), "{name}: {complaint}");
    drop(crowd);

    let mut peer = Peer::reach(&running.address);
    peer.send(b"GET / HTTP/1.1\r\nHost: example\r\n\r\n");
    peer.exactly::<1>();
}
