//! The `main` function of a client.

use std::env;
use std::error::Error;
use std::fmt::Display;
use std::process::ExitCode;

use wsframe::handshake::Uri;

use crate::uri;

/// Runs a client with the URI in its first argument, and at least `more` further arguments.
pub(crate) fn main(
    usage: &str,
    more: usize,
    run: impl FnOnce(Uri<'_>, &[String]) -> Result<(), Box<dyn Error>>,
) -> ExitCode {
    let misused = |why: &dyn Display| {
        eprintln!("{why}\n{usage}");
        ExitCode::from(2)
    };
    let args: Vec<String> = env::args().skip(1).collect();
    let [uri, rest @ ..] = &args[..] else { return misused(&"where to?") };
    if rest.len() < more {
        return misused(&"that is not all");
    }
    match uri::parse(uri) {
        Err(wrong) => misused(&wrong),
        Ok(uri) => match run(uri, rest) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        },
    }
}
