//! Any text as a WebSocket URI: what is taken can be asked for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsframe_fuzz::handshake;

fuzz_target!(|text: &str| handshake::uri(text));
