//! Whole servers, which echo messages over TCP sockets of this machine.
//!
//! Each server is a process on a core of its own, and the clients are on another. The comparison is
//! of the server's CPU time per message. The rate is shown too, but it also depends on the clients
//! and on how the two cores wait for each other. All servers run in every round, and each figure is
//! the median of the rounds.
//!
//! Every echo is compared with the message that was sent, also while time is measured.

mod check;
mod child;
mod load;
mod page;
mod serve;
mod tape;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::charts;
use crate::machine::Machine;
use crate::payload::{Kind, Random, Size};
use child::{LOAD_CORE, Server};
use load::Load;
use tape::Tape;

/// The server that echoes raw bytes, which is a limit and not a peer.
pub const RAW: &str = "raw TCP";
const OURS: [&str; 3] = ["wsframe", "Framed", "adapter"];
const SERVERS: [&str; 10] = [
    "wsframe",
    "adapter",
    "Framed",
    "tokio-websockets",
    "tokio-tungstenite",
    "fastwebsockets",
    "sockudo-ws",
    "yawc",
    "axum",
    RAW,
];

/// The time for which a server is measured in a round. It is short, because the speed of a shared
/// machine changes over time, and all servers of a round should be measured at the same speed.
const TURN: Duration = Duration::from_millis(20);

pub fn is_peer(name: &str) -> bool {
    name != RAW && !OURS.contains(&name)
}

/// The work of the clients.
#[derive(Clone, Copy)]
struct Scenario {
    clients: usize,
    /// The number of messages of each client in flight.
    depth: usize,
    kind: Kind,
    len: usize,
    /// Whether only the first client sends, and all clients receive.
    broadcast: bool,
}

const fn echo(clients: usize, depth: usize, kind: Kind, len: usize) -> Scenario {
    Scenario { clients, depth, kind, len, broadcast: false }
}

const fn broadcast(clients: usize, depth: usize, kind: Kind, len: usize) -> Scenario {
    Scenario { clients, depth, kind, len, broadcast: true }
}

const SCENARIOS: [Scenario; 13] = [
    echo(1, 64, Kind::Binary, 16),
    echo(1, 64, Kind::Json, 125),
    echo(1, 64, Kind::Json, 1 << 10),
    echo(1, 64, Kind::Korean, 1 << 10),
    echo(1, 64, Kind::Binary, 16 << 10),
    echo(1, 4, Kind::Binary, 1 << 20),
    echo(100, 1, Kind::Json, 125),
    echo(100, 1, Kind::Json, 1 << 10),
    echo(100, 64, Kind::Binary, 16),
    echo(100, 64, Kind::Json, 1 << 10),
    echo(1000, 1, Kind::Json, 125),
    broadcast(500, 1, Kind::Json, 1 << 10),
    broadcast(500, 8, Kind::Json, 1 << 10),
];

/// The number of connections whose memory is measured.
const IDLE: usize = 1000;
const IDLE_GROUP: &str = "memory of an idle connection";
/// The messages that are echoed before each measurement: their lengths, and their numbers.
const IDLE_ROWS: [(&str, &[(usize, usize)]); 3] = [
    ("after 125 B", &[(125, 1)]),
    ("after 64 KiB", &[(64 << 10, 1)]),
    ("after 16 more of 125 B", &[(125, 16)]),
];

impl Scenario {
    fn group(&self) -> String {
        let Self { clients, depth, .. } = self;
        match (self.broadcast, clients) {
            (true, _) => format!("broadcast 1 → {clients}, {depth} under way"),
            (false, 1) => format!("1 connection, {depth} under way"),
            (false, _) => format!("{clients} connections, {depth} under way"),
        }
    }

    fn label(&self) -> String {
        format!("{} {}", Size::Fixed(self.len), self.kind.name())
    }

    fn servers(&self) -> impl Iterator<Item = &'static str> {
        // The server of raw bytes cannot send to all connections.
        SERVERS.into_iter().filter(|name| !self.broadcast || *name != RAW)
    }
}

/// A row of figures, with a cell per server.
pub struct Row {
    pub group: String,
    pub label: String,
    pub cells: Vec<Option<Cell>>,
}

#[derive(Clone, Copy)]
pub struct Cell {
    /// Nanoseconds of CPU time per message, or bytes of memory per connection.
    pub cost: f64,
    /// Messages per second.
    pub rate: Option<f64>,
}

struct Request {
    check: bool,
    filter: String,
    rounds: usize,
    markdown: Option<PathBuf>,
    svg: Option<PathBuf>,
}

/// Runs the command of this module. Returns `None` if the arguments are for another module.
pub fn main(mut args: impl Iterator<Item = String>) -> Option<ExitCode> {
    let result = match &*args.next()? {
        "serve" => serve::run(&args.next()?, args.next()? == "broadcast"),
        "servers" => run(&parse(args)?),
        _ => return None,
    };
    Some(match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    })
}

fn parse(mut args: impl Iterator<Item = String>) -> Option<Request> {
    let mut request =
        Request { check: false, filter: String::new(), rounds: 28, markdown: None, svg: None };
    while let Some(option) = args.next() {
        if option == "--check" {
            request.check = true;
            continue;
        }
        let value = args.next()?;
        match option.as_str() {
            "--filter" => request.filter = value,
            "--rounds" => request.rounds = value.parse().ok().filter(|&rounds| rounds > 0)?,
            "--markdown" => request.markdown = Some(value.into()),
            "--svg" => request.svg = Some(value.into()),
            _ => return None,
        }
    }
    Some(request)
}

fn run(request: &Request) -> Result<(), Box<dyn Error>> {
    let machine = Machine::this();
    child::pin(LOAD_CORE);
    if request.check {
        return check::all();
    }
    println!("{machine}\n{}", machine.versions);
    page::print_head();
    let wanted = |group: &str, label: &str| format!("{group}, {label}").contains(&request.filter);
    let mut rows = Vec::new();
    for scenario in SCENARIOS {
        if wanted(&scenario.group(), &scenario.label()) {
            let row = measure(&scenario, request.rounds)?;
            page::print(&row);
            rows.push(row);
        }
    }
    if IDLE_ROWS.iter().any(|(label, _)| wanted(IDLE_GROUP, label)) {
        for row in memory()? {
            page::print(&row);
            rows.push(row);
        }
    }
    if let Some(file) = &request.markdown {
        std::fs::write(file, page::markdown(&machine, &rows))?;
    }
    if let Some(directory) = &request.svg {
        charts::draw_servers(directory, &machine, &SERVERS, &rows)?;
    }
    Ok(())
}

fn measure(scenario: &Scenario, rounds: usize) -> Result<Row, Box<dyn Error>> {
    let &Scenario { clients, depth, kind, len, broadcast } = scenario;
    let tape = Tape::new(kind, len, depth);
    let mut servers = Vec::new();
    for name in scenario.servers() {
        let server = Server::start(name, broadcast)?;
        let load = Load::connect(server.addr, name == RAW, clients)?;
        servers.push((name, server, load, Vec::new(), Vec::new()));
    }
    let mut turns: Vec<usize> = (0..servers.len()).collect();
    let mut random = Random::new();
    for round in 0..=rounds {
        random.shuffle(&mut turns);
        for &turn in &turns {
            let (name, server, load, costs, rates) = &mut servers[turn];
            let before = server.usage()?;
            let start = Instant::now();
            let messages = if broadcast {
                load.broadcast(&tape, depth, TURN)
            } else {
                load.echo(&tape, depth, TURN)
            };
            let messages = messages.map_err(|error| format!("{name}: {error}"))? as f64;
            let time = start.elapsed().as_secs_f64();
            let used = server.usage()?.cpu - before.cpu;
            // The first round warms up.
            if round > 0 {
                costs.push(used / messages);
                rates.push(messages / time);
            }
        }
    }
    let cell = |name: &str| {
        let (_, _, _, costs, rates) = servers.iter().find(|server| server.0 == name)?;
        Some(Cell { cost: median(costs), rate: Some(median(rates)) })
    };
    Ok(Row {
        group: scenario.group(),
        label: scenario.label(),
        cells: SERVERS.iter().map(|name| cell(name)).collect(),
    })
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Measures the server's memory per connection, after some messages.
fn memory() -> Result<Vec<Row>, Box<dyn Error>> {
    let row = |(label, _): (&str, _)| Row {
        group: IDLE_GROUP.to_owned(),
        label: label.to_owned(),
        cells: Vec::new(),
    };
    let mut rows = IDLE_ROWS.map(row);
    for name in SERVERS {
        let mut server = Server::start(name, false)?;
        // A server may allocate shared memory for its first connection.
        let mut first = Load::connect(server.addr, name == RAW, 1)?;
        for (len, count) in IDLE_ROWS.into_iter().flat_map(|(_, messages)| messages) {
            for _ in 0..*count {
                first.echo(&Tape::new(Kind::Binary, *len, 1), 1, Duration::ZERO)?;
            }
        }
        let before = server.usage()?.resident;
        let mut idle = Load::connect(server.addr, name == RAW, IDLE)?;
        for ((_, messages), row) in IDLE_ROWS.into_iter().zip(&mut rows) {
            for (len, count) in messages {
                for _ in 0..*count {
                    idle.echo(&Tape::new(Kind::Binary, *len, 1), 1, Duration::ZERO)?;
                }
            }
            let cost = (server.usage()?.resident - before) / IDLE as f64;
            row.cells.push(Some(Cell { cost, rate: None }));
        }
    }
    Ok(rows.into())
}
