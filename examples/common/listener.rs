//! Accepting connections, whatever becomes of some of them.

use core::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// The next connection.
pub(crate) async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => return socket,
            Err(error) => {
                eprintln!("cannot accept a connection: {error}");
                // Most likely no file descriptor is free. One will be, when a connection ends.
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
