//! The integration tests, one module per topic or RFC section. `cargo test --test it MODULE::` runs
//! one of them.
//!
//! The tests that start the examples are a program of their own (`tests/examples`). The examples
//! are not built when these tests run on other processors, under sanitizers, or with planted bugs.

#[cfg(feature = "tokio")]
#[path = "../support/pipe.rs"]
mod pipe;
#[path = "../support/mod.rs"]
mod support;

mod adapter;
mod any_calls;
mod backends;
mod blocking;
mod bytes;
mod differential;
mod display;
mod linear;
mod memory;
mod names;
mod opening;
mod rfc6455_3_uri;
mod rfc6455_4_1_client;
mod rfc6455_4_2_server;
mod rfc6455_4_head;
mod rfc6455_4_http;
mod rfc6455_5_2_header;
mod rfc6455_5_3_masking;
mod rfc6455_5_4_messages;
mod rfc6455_5_5_control;
mod rfc6455_5_frames;
mod rfc6455_6_1_sending;
mod rfc6455_7_4_close;
mod rfc6455_7_closing;
mod rfc6455_7_model;
mod rfc6455_8_1_utf8;
mod rfc6455_9_1_extensions;
mod rfc6455_9_1_negotiation;
mod rfc7692_6_connection;
mod rfc7692_7_1_negotiation;
mod rfc7692_7_2_messages;
mod rfc7692_7_2_renewal;
mod rfc7692_8_limits;
mod rfc7692_memory;
mod seeds;
mod stream;
mod stream_chunks;
mod stream_options;
mod stream_tasks;
mod tokio_util;
mod tokio_util_deflate;
mod tokio_util_memory;

/// Every file is declared above. Without this test, a missing one would not be noticed.
#[test]
fn every_file_is_a_module() {
    let here = include_str!("main.rs");
    let mut count = 0;
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/it")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap();
        if !["main", "kernels"].contains(&name)
            && path.extension().is_some_and(|extension| extension == "rs")
        {
            assert!(
                here.contains(&format!("\nmod {name};\n")),
                "{name} is not in tests/it/main.rs"
            );
            count += 1;
        }
    }
    assert!(count > 20, "{count} files");
}
