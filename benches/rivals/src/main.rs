//! Measures wsframe beside its peers, on the same bytes, interleaved in one run.
//!
//! `rivals streams [--filter PART_OF_A_ROW] [--rounds N]`

mod measure;
mod streams;
mod workload;

use std::process::ExitCode;

const USAGE: &str = "usage: rivals streams [--filter PART_OF_A_ROW] [--rounds N]";

fn main() -> ExitCode {
    match parse(std::env::args().skip(1)) {
        Some((filter, rounds)) => {
            streams::run(&filter, rounds);
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn parse(mut args: impl Iterator<Item = String>) -> Option<(String, usize)> {
    if args.next()? != "streams" {
        return None;
    }
    let (mut filter, mut rounds) = (String::new(), 31);
    while let Some(option) = args.next() {
        match option.as_str() {
            "--filter" => filter = args.next()?,
            "--rounds" => rounds = args.next()?.parse().ok().filter(|&rounds| rounds > 0)?,
            _ => return None,
        }
    }
    Some((filter, rounds))
}
