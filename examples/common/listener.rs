//! Accepting connections, also after an error.

use core::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// Accepts the next connection. It disables Nagle's algorithm, so that a write does not wait for
/// the acknowledgement of the previous one.
pub(crate) async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                // If this fails, the socket still works, with more delay.
                let _ = socket.set_nodelay(true);
                return socket;
            }
            Err(error) => {
                eprintln!("cannot accept a connection: {error}");
                // Most likely no file descriptor is free. Wait until a connection has ended.
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
