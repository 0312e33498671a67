//! The tests of the crate as one program, for where a program a file takes too long to build: other
//! processors, sanitizers, planted faults. The files are the repository's own, and what is left out are
//! the two that start the examples.

#![cfg(test)]
// What files share is a module of each, as each is a program elsewhere.
#![allow(clippy::duplicate_mod)]

/// What the files share refers to itself from the root of its program.
#[path = "tests/support/mod.rs"]
mod support;

#[path = "tests/backends.rs"]
mod backends;
#[path = "tests/bytes.rs"]
mod bytes;
#[path = "tests/differential.rs"]
mod differential;
#[path = "tests/display.rs"]
mod display;
#[path = "tests/linear.rs"]
mod linear;
#[path = "tests/memory.rs"]
mod memory;
#[path = "tests/rfc6455_3_uri.rs"]
mod rfc6455_3_uri;
#[path = "tests/rfc6455_4_1_client.rs"]
mod rfc6455_4_1_client;
#[path = "tests/rfc6455_4_2_server.rs"]
mod rfc6455_4_2_server;
#[path = "tests/rfc6455_4_head.rs"]
mod rfc6455_4_head;
#[path = "tests/rfc6455_4_http.rs"]
mod rfc6455_4_http;
#[path = "tests/rfc6455_5_2_header.rs"]
mod rfc6455_5_2_header;
#[path = "tests/rfc6455_5_3_masking.rs"]
mod rfc6455_5_3_masking;
#[path = "tests/rfc6455_5_4_messages.rs"]
mod rfc6455_5_4_messages;
#[path = "tests/rfc6455_5_5_control.rs"]
mod rfc6455_5_5_control;
#[path = "tests/rfc6455_5_frames.rs"]
mod rfc6455_5_frames;
#[path = "tests/rfc6455_6_1_sending.rs"]
mod rfc6455_6_1_sending;
#[path = "tests/rfc6455_7_4_close.rs"]
mod rfc6455_7_4_close;
#[path = "tests/rfc6455_7_closing.rs"]
mod rfc6455_7_closing;
#[path = "tests/rfc6455_8_1_utf8.rs"]
mod rfc6455_8_1_utf8;
#[path = "tests/rfc6455_9_1_extensions.rs"]
mod rfc6455_9_1_extensions;
#[path = "tests/rfc6455_9_1_negotiation.rs"]
mod rfc6455_9_1_negotiation;
#[path = "tests/rfc7692_6_connection.rs"]
mod rfc7692_6_connection;
#[path = "tests/rfc7692_7_1_negotiation.rs"]
mod rfc7692_7_1_negotiation;
#[path = "tests/rfc7692_7_2_messages.rs"]
mod rfc7692_7_2_messages;
#[path = "tests/rfc7692_8_limits.rs"]
mod rfc7692_8_limits;
#[path = "tests/rfc7692_memory.rs"]
mod rfc7692_memory;
#[path = "tests/seeds.rs"]
mod seeds;
#[path = "tests/tokio_util.rs"]
mod tokio_util;
#[path = "tests/tokio_util_deflate.rs"]
mod tokio_util_deflate;
#[path = "tests/tokio_util_memory.rs"]
mod tokio_util_memory;

const LEFT_OUT: [&str; 1] = ["inspect.rs"];

/// A file of tests that were forgotten here would be missed by nobody.
#[test]
fn every_file_of_tests_is_here() {
    let here = include_str!("lib.rs");
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let mut files = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".rs") && !LEFT_OUT.contains(&name.as_str()) {
            assert!(here.contains(&format!("tests/{name}")), "{name} is not in ci/tests/lib.rs");
            files += 1;
        }
    }
    assert!(files > 20, "{files} files");
}
