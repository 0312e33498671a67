//! Checks that every server does the same work.

use std::error::Error;
use std::io::{Read, Write};
use std::time::Duration;

use super::child::Server;
use super::load::{self, Load};
use super::tape::Tape;
use super::{RAW, SCENARIOS, SERVERS};
use crate::payload::{Kind, frame};

const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// Checks each server in each scenario, with at most ten clients.
pub fn all() -> Result<(), Box<dyn Error>> {
    for name in SERVERS {
        let failed = |error: Box<dyn Error>| format!("{name}: {error}");
        scenarios(name).map_err(failed)?;
        if name != RAW {
            protocol(name).map_err(failed)?;
        }
        println!("{name}: ok");
    }
    Ok(())
}

fn scenarios(name: &str) -> Result<(), Box<dyn Error>> {
    for broadcast in [false, true] {
        if broadcast && name == RAW {
            continue;
        }
        let server = Server::start(name, broadcast)?;
        for scenario in SCENARIOS.iter().filter(|scenario| scenario.broadcast == broadcast) {
            let tape = Tape::new(scenario.kind, scenario.len, scenario.depth);
            let clients = scenario.clients.min(10);
            if !broadcast {
                let mut load = Load::connect(server.addr, name == RAW, clients)?;
                load.echo(&tape, scenario.depth, Duration::from_millis(10))?;
                continue;
            }
            // The connections of another scenario would stay in the hub.
            let server = Server::start(name, broadcast)?;
            let mut load = Load::connect(server.addr, false, clients)?;
            load.broadcast(&tape, scenario.depth, Duration::from_millis(10))?;
        }
    }
    Ok(())
}

/// Checks that a Ping is answered, and that text that is not UTF-8 is refused.
fn protocol(name: &str) -> Result<(), Box<dyn Error>> {
    let server = Server::start(name, false)?;
    let mut socket = load::connect(server.addr, false)?;
    socket.write_all(b"\x89\x82\0\0\0\0hi")?;
    let mut reply = [0; 4];
    socket.read_exact(&mut reply)?;
    if reply != *b"\x8A\x02hi" {
        return Err(format!("answered a Ping with {reply:02x?}").into());
    }

    let mut broken = Vec::new();
    let mut text = Kind::Korean.payload(1000, 0);
    text[500] = 0xFF;
    frame(Kind::Korean, &text, Some(KEY), &mut broken);
    socket.write_all(&broken)?;
    let mut rest = Vec::new();
    // The server may reset the connection.
    let _ = socket.read_to_end(&mut rest);
    if rest.first().is_some_and(|first| *first != 0x88) {
        return Err("echoed text that is not UTF-8".into());
    }
    Ok(())
}
