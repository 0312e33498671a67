//! A server in a process of its own.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::{env, fs};

use rustix::thread::{CpuSet, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

// The core of the clients, and that of the servers.
pub const LOAD_CORE: usize = 0;
const SERVER_CORE: usize = 1;

/// Pins the calling thread, and all threads that it starts, to this core, if there is one.
pub fn pin(core: usize) {
    let mut set = CpuSet::new();
    set.set(core);
    let _ = sched_setaffinity(None, &set);
}

/// A running server. It ends when this is dropped, or when this process ends.
pub struct Server {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub addr: SocketAddr,
}

/// The resources that a server has used so far.
pub struct Usage {
    /// The CPU time in nanoseconds.
    pub cpu: f64,
    /// The memory in bytes.
    pub resident: f64,
}

impl Server {
    pub fn start(name: &str, broadcasts: bool) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["serve", name, if broadcasts { "broadcast" } else { "echo" }]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let requests = child.stdin.take().ok_or("no pipe")?;
        let mut answers = BufReader::new(child.stdout.take().ok_or("no pipe")?);
        let mut addr = String::new();
        answers.read_line(&mut addr)?;
        let addr = addr.trim().parse().map_err(|_| format!("{name} does not listen"))?;
        Ok(Self { child, requests, answers, addr })
    }

    pub fn usage(&mut self) -> Result<Usage, Box<dyn Error>> {
        writeln!(self.requests)?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let (cpu, resident) = line.trim().split_once(' ').ok_or("no answer")?;
        Ok(Usage { cpu: cpu.parse()?, resident: resident.parse()? })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Pins the server's process to its core, and starts a thread that reports the used resources. Ends
/// the process when the parent has ended.
pub fn answer_usage() {
    pin(SERVER_CORE);
    std::thread::spawn(|| {
        for _ in std::io::stdin().lines().map_while(Result::ok) {
            let time = clock_gettime(ClockId::ProcessCPUTime);
            let cpu = time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64;
            let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            println!("{cpu} {}", kib.unwrap_or(0) << 10);
        }
        std::process::exit(0);
    });
}
