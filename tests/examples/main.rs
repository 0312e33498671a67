//! Tests that run the examples: servers and clients with each other and with a peer on plain
//! sockets, directly and through the relay, and the memory of many connections.
#![cfg(all(feature = "deflate", feature = "http", feature = "rand"))]

mod apps;
mod client;
#[cfg(unix)]
mod crowd;
mod echo;
#[path = "../support/example.rs"]
mod example;
#[cfg(feature = "tokio")]
mod framed;
mod inspect;
mod peer;
mod relay;
mod running;

use std::fs;

use running::{complaint, printed, run};

#[test]
fn the_readme_lists_every_example() {
    let root = env!("CARGO_MANIFEST_DIR");
    let readme = fs::read_to_string(format!("{root}/README.md")).expect("the README");
    let mut count = 0;
    let folders = ["examples", "examples/http2", "examples/integrations"];
    let entries =
        folders.map(|folder| fs::read_dir(format!("{root}/{folder}")).expect("the examples"));
    for entry in entries.into_iter().flatten() {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        if !["common", "integrations", "tests", "Cargo"].contains(&name) {
            let commands =
                [format!("`{name} -- "), format!("`{name}`"), format!("-p wsframe-{name}`")];
            assert!(commands.iter().any(|command| readme.contains(command)), "{name}");
            count += 1;
        }
    }
    assert!(count > 15, "{count}");
}

#[test]
fn both_ends_without_an_allocator() {
    let expected = "an end keeps 64 bytes of state, and 526 of buffers\ntext: Hello\n\
        the Ping was answered\nbinary: 1000 of 1000 bytes came back as they were\n\
        closed: 1000 (normal closure)\n";
    assert_eq!(printed(run("embedded", &[], b"")), expected);
}

#[test]
fn a_million_idle_connections() {
    let small = printed(run("idle_connections", &["1000"], b""));
    assert!(small.starts_with("1000 connections of 64 bytes: 0.1 MB of state; "), "{small}");

    let output = printed(run("idle_connections", &[], b""));
    assert!(output.starts_with("1000000 connections of 64 bytes: 64.0 MB of state; "), "{output}");
    assert!(output.ends_with("then 1000000 messages came to their end\n"), "{output}");
    if cfg!(target_os = "linux") {
        let (_, taken) = output.split_once("the process takes ").expect("what it takes");
        let (taken, _) = taken.split_once(" MB\n").expect("in megabytes");
        let taken: f64 = taken.parse().expect("a number");
        assert!((64.0..=80.0).contains(&taken), "{output}");
    }

    complaint(run("idle_connections", &["many"], b""), 2);
}
