//! Both endpoints of a connection without `std` and without an allocator, over
//! `embedded-io-async`: `cargo run --all-features --example embedded`.
//!
//! | to see how to | read |
//! |---|---|
//! | run a connection in buffers of a few hundred bytes, with messages of any length | `socket.rs` |
//! | write a server | `server.rs` |
//! | write a client | `client.rs` |
//!
//! These three files use only `core`. This program runs on an operating system, so the endpoints
//! are connected by a pipe in memory (`pipe.rs`), and the client's results are printed. On a board,
//! use a TCP socket of the network stack, the board's random number generator for masking keys, and
//! an executor that sleeps.

#![no_std]

extern crate std;

mod client;
mod pipe;
mod server;
mod socket;

use core::fmt::Display;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::println;
use std::process::ExitCode;

use futures_util::future::{Future, join};
use pipe::Wire;
use wsframe::{Connection, ThreadKeys};

fn main() -> ExitCode {
    println!(
        "an end keeps {} bytes of state, and {} of buffers",
        size_of::<Connection>(),
        socket::BUFFERS
    );
    let (up, down) = (Wire::new(), Wire::new());
    let client = client::run(pipe::End::new(&down, &up), ThreadKeys, |said| println!("{said}"));
    let server = server::run(pipe::End::new(&up, &down));
    let (client, server) = block_on(join(client, server));
    if succeeded("client", client) & succeeded("server", server) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn succeeded(end: &str, result: Result<(), impl Display>) -> bool {
    if let Err(error) = &result {
        std::eprintln!("embedded: the {end} failed: {error}");
    }
    result.is_ok()
}

/// An executor for one future. It does not sleep, because one of the two endpoints can always
/// continue.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}
