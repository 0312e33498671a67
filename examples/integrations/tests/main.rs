//! Tests of the examples of this package, with a peer that uses plain sockets.

mod chat;
mod client;
#[cfg(unix)]
#[path = "../../../tests/examples/crowd.rs"]
mod crowd;
#[path = "../../../tests/support/example.rs"]
mod example;
#[allow(dead_code, unexpected_cfgs)]
#[path = "../../../tests/examples/peer.rs"]
mod peer;
#[allow(dead_code, unexpected_cfgs)]
#[path = "../../../tests/examples/running.rs"]
mod running;
mod servers;
mod streams;
#[path = "../echo_server_tls/tls.rs"]
mod tls;
