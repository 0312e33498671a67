//! The machine and the versions that figures depend on.

use std::fmt;
use std::fs;
use std::thread;

use serde::Serialize;
use wsframe::arch;

#[derive(Serialize)]
pub struct Machine {
    pub processor: String,
    pub cores: usize,
    /// The backends of wsframe that this machine can run, the best first.
    pub backends: String,
    pub compiler: &'static str,
    pub versions: &'static str,
    pub date: String,
}

impl Machine {
    pub fn this() -> Self {
        Self {
            processor: processor().unwrap_or_else(|| format!("some {}", std::env::consts::ARCH)),
            cores: thread::available_parallelism().map_or(1, usize::from),
            backends: arch::available().map(|backend| backend.name).collect::<Vec<_>>().join(", "),
            compiler: env!("COMPILER"),
            versions: env!("VERSIONS"),
            date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
        }
    }
}

/// Returns the name of the processor, on Linux.
fn processor() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Writes one line, without the versions of the rivals.
impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processor, cores, backends, compiler, date, .. } = self;
        write!(f, "{processor}, {cores} cores, backends {backends}; {compiler}; {date}")
    }
}
