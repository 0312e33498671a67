//! The figures as text, and as a page.

use std::fmt::Write;

use super::{Cell, IDLE_GROUP, Row, SERVERS, is_peer};
use crate::machine::Machine;

const NAME: usize = 52;

pub fn print_head() {
    print!("{:NAME$}", "ns of the server's processor; messages/s");
    for name in SERVERS {
        print!("{name:>19}");
    }
    println!("{:>16}", "best peer/ours");
}

pub fn print(row: &Row) {
    print!("{:NAME$}", format!("{}, {}", row.group, row.label));
    for cell in &row.cells {
        let text = match cell {
            Some(Cell { cost, rate: Some(rate) }) => format!("{cost:.0}; {rate:.0}"),
            Some(Cell { cost, rate: None }) => format!("{cost:.0} B"),
            None => String::new(),
        };
        print!("{text:>19}");
    }
    println!("{:>16.2}", ratio(row, "wsframe"));
}

/// Returns how many times the cost of this server the best peer's is.
fn ratio(row: &Row, name: &str) -> f64 {
    let cost = |name: &str| {
        let at = SERVERS.iter().position(|server| *server == name)?;
        row.cells[at].map(|cell| cell.cost)
    };
    let peers = SERVERS.iter().filter(|name| is_peer(name)).filter_map(|name| cost(name));
    peers.fold(f64::INFINITY, f64::min) / cost(name).unwrap_or(f64::NAN)
}

const INTRODUCTION: &str = "# Whole servers

What it costs a server to echo messages, or to send each to all its connections. `benches/rivals` measures, writes this page and draws the chart beside it:

```sh
cargo run --release --manifest-path benches/rivals/Cargo.toml -- servers --markdown docs/servers.md --svg docs
```

- Server and clients are two processes on two cores, over loopback. All servers run on tokio's current-thread runtime with `TCP_NODELAY` and the system's allocator, without timers or compression.
- Messages are fed to the sink, and flushed once nothing more can be read. tokio-websockets flushes whenever it is polled for a message, so its server receives all that can be read before it feeds anything. A write queue may hold 256 KiB where that can be set. fastwebsockets writes into a `BufWriter`. Text is validated.
- Each client keeps the given number of messages under way. Every echo is compared with what was sent.
- Servers take turns of 20 ms in every round. A figure is the median of the rounds.
- wsframe is `WebSocketStream`, Framed is `MessageCodec` in tokio-util's `Framed`, and adapter is `Adapter`, which borrows what it receives and echoes a message that has not arrived whole as fragments.
- raw TCP echoes bytes as they are, through a buffer of 64 KiB.
- Memory is what is resident: what an allocator keeps of freed memory counts.

![CPU time relative to wsframe's](servers.svg)
";

pub fn markdown(machine: &Machine, rows: &[Row]) -> String {
    let mut page = format!("{INTRODUCTION}\n{machine}; {}.\n", machine.versions);
    let (memory, messages): (Vec<&Row>, Vec<&Row>) =
        rows.iter().partition(|row| row.group == IDLE_GROUP);
    let cost = |cell: Cell| format!("{:.0}", cell.cost);
    let rate = |cell: Cell| {
        let rate = cell.rate.unwrap_or_default() / 1000.0;
        let decimals = if rate < 10.0 { 2 } else { 0 };
        format!("{rate:.decimals$}")
    };
    let kib = |cell: Cell| format!("{:.1}", cell.cost / 1024.0);
    table(
        &mut page,
        "The server's CPU time per message, in nanoseconds. The last two columns are the best peer's time over wsframe's and over the adapter's, in bold where the peer took less",
        &messages,
        cost,
        true,
    );
    table(&mut page, "Thousands of messages per second", &messages, rate, false);
    table(
        &mut page,
        "Resident memory per connection, of 1,000 idle ones, in KiB",
        &memory,
        kib,
        false,
    );
    page
}

fn table(
    page: &mut String,
    title: &str,
    rows: &[&Row],
    text: impl Fn(Cell) -> String,
    ratios: bool,
) {
    if rows.is_empty() {
        return;
    }
    let more = if ratios { " | wsframe | adapter" } else { "" };
    let columns = SERVERS.len() + if ratios { 2 } else { 0 };
    let head = format!("| | {}{more} |\n|---|{}", SERVERS.join(" | "), "---:|".repeat(columns));
    writeln!(page, "\n{title}:\n\n{head}").expect("a string takes everything");
    for row in rows {
        let mut line = format!("| {}, {} |", row.group, row.label);
        for cell in &row.cells {
            line += &format!(" {} |", cell.map(&text).unwrap_or_default());
        }
        if ratios {
            for name in ["wsframe", "adapter"] {
                let ratio = ratio(row, name);
                let bold = if ratio < 0.995 { "**" } else { "" };
                line += &format!(" {bold}{ratio:.2}{bold} |");
            }
        }
        writeln!(page, "{line}").expect("a string takes everything");
    }
}
