//! Measures wsframe and its peers, on the same bytes, interleaved in one run.
//!
//! `rivals streams|kernels|sending|handshake|deflate|all [--filter PART_OF_A_ROW] [--rounds N]
//! [--json FILE] [--ratios FILE] [--svg DIR]`
//!
//! `rivals backends [--check] [--filter PART_OF_A_ROW] [--rounds N]` lists the rows of `kernels`
//! and `streams` in which a better backend is more than 15 % slower than the next lower one, or a
//! peer is faster. With `--check` the limit is twice the time, and the command fails if a row
//! exceeds it.
//!
//! `rivals servers [--check] [--filter PART_OF_A_ROW] [--rounds N] [--markdown FILE] [--svg DIR]`
//! measures echo servers over sockets of this machine, on Linux. With `--check` it only checks that
//! their echoes are correct.

mod charts;
mod deflate;
mod handshake;
mod kernels;
mod limits;
mod machine;
mod measure;
mod payload;
mod ratios;
mod sending;
#[cfg(target_os = "linux")]
mod servers;
mod streams;
mod table;

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use limits::Limits;
use machine::Machine;
use table::{Plan, Table};

const USAGE: &str = "usage: rivals streams|kernels|sending|handshake|deflate|all|backends [--check] \
    [--filter PART_OF_A_ROW] [--rounds N] [--json FILE] [--ratios FILE] [--svg DIR]\n       \
    rivals servers [--check] [--filter PART_OF_A_ROW] [--rounds N] [--markdown FILE] [--svg DIR]";

/// The arguments.
struct Request {
    streams: bool,
    kernels: bool,
    sending: bool,
    handshake: bool,
    deflate: bool,
    /// Whether to fail if a limit is exceeded.
    check: bool,
    plan: Plan,
    json: Option<PathBuf>,
    ratios: Option<PathBuf>,
    svg: Option<PathBuf>,
}

/// The contents of the JSON file.
#[derive(Serialize)]
struct Report {
    machine: Machine,
    tables: Vec<Table>,
}

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    if let Some(status) = servers::main(std::env::args().skip(1)) {
        return status;
    }
    let Some(request) = parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&request) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(request: &Request) -> Result<(), Box<dyn Error>> {
    let machine = Machine::this();
    println!("backends: {}\n{machine}\n{}", machine.backends, machine.versions);
    let mut tables = Vec::new();
    if request.streams {
        tables.push(streams::measure(&request.plan));
    }
    if request.kernels {
        tables.extend(kernels::measure(&request.plan));
    }
    if request.sending {
        tables.extend(sending::measure(&request.plan));
    }
    if request.handshake {
        tables.push(handshake::measure(&request.plan));
    }
    if request.deflate {
        tables.push(deflate::measure(&request.plan));
    }
    if tables.iter().all(|table| table.rows.is_empty()) {
        return Err(format!("no row is named {:?}", request.plan.filter).into());
    }
    if let Some(limits) = &request.plan.limits {
        let (exceeded, sentence) = limits.sum_up(&tables);
        println!("{sentence}");
        if request.check && exceeded > 0 {
            return Err("FAILED: the rows above exceed the limits".into());
        }
    }
    if let Some(directory) = &request.svg {
        charts::draw(directory, &machine, &tables)?;
    }
    if let Some(file) = &request.ratios {
        fs::write(file, ratios::page(&machine, &tables))?;
    }
    if let Some(file) = &request.json {
        fs::write(file, serde_json::to_string_pretty(&Report { machine, tables })?)?;
    }
    Ok(())
}

fn parse(mut args: impl Iterator<Item = String>) -> Option<Request> {
    let wanted = args.next()?;
    if !["streams", "kernels", "sending", "handshake", "deflate", "all", "backends"]
        .contains(&&*wanted)
    {
        return None;
    }
    let backends = wanted == "backends";
    let wants = |tables| wanted == tables || wanted == "all";
    let (streams, kernels) = (wants("streams") || backends, wants("kernels") || backends);
    let (sending, handshake, deflate) = (wants("sending"), wants("handshake"), wants("deflate"));
    let plan = Plan { filter: String::new(), rounds: 31, limits: backends.then_some(Limits::LIST) };
    let (check, json, ratios, svg) = (false, None, None, None);
    let mut request =
        Request { streams, kernels, sending, handshake, deflate, check, plan, json, ratios, svg };
    while let Some(option) = args.next() {
        if option == "--check" && backends {
            request.check = true;
            request.plan.limits = Some(Limits::CHECK);
            request.plan.rounds = 5;
            continue;
        }
        let value = args.next()?;
        match option.as_str() {
            "--filter" => request.plan.filter = value,
            "--rounds" => {
                request.plan.rounds = value.parse().ok().filter(|&rounds| rounds > 0)?;
            }
            "--json" => request.json = Some(value.into()),
            "--ratios" => request.ratios = Some(value.into()),
            "--svg" => request.svg = Some(value.into()),
            _ => return None,
        }
    }
    Some(request)
}
