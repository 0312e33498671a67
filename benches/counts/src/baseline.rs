//! The counts in the repository, and the platform that they were counted on.

use std::fmt;
use std::fs;
use std::process::Command;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/baseline.txt");

const TITLE: &str = "# Instructions a frame. Written by ci/counts.sh --update.";
const COMPILER: &str = "# compiler: ";
const LIBC: &str = "# libc: ";
const BACKEND: &str = "# backend: ";

pub struct Baseline {
    pub platform: Platform,
    /// The name of each case, and its instructions per frame.
    pub counts: Vec<(String, f64)>,
}

/// The parts of a platform that counts depend on.
#[derive(PartialEq, Eq)]
pub struct Platform {
    pub compiler: String,
    pub libc: String,
    pub backend: String,
}

impl Baseline {
    pub fn read() -> Result<Self, String> {
        let text = fs::read_to_string(PATH)
            .map_err(|error| format!("no baseline ({error}): run ci/counts.sh --update"))?;
        Self::parse(&text).ok_or_else(|| "the baseline is damaged".to_owned())
    }

    pub fn write(&self) -> Result<(), String> {
        fs::write(PATH, self.to_string()).map_err(|error| error.to_string())
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.counts.iter().map(|(name, _)| name.as_str())
    }

    pub fn count(&self, case: &str) -> Option<f64> {
        self.counts.iter().find(|(name, _)| name == case).map(|&(_, count)| count)
    }

    fn parse(text: &str) -> Option<Self> {
        let field = |key| text.lines().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
        let platform =
            Platform { compiler: field(COMPILER)?, libc: field(LIBC)?, backend: field(BACKEND)? };
        let count = |line: &str| {
            let (name, count) = line.split_once(' ')?;
            Some((name.to_owned(), count.trim().parse().ok()?))
        };
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Some(Self { platform, counts: lines.map(count).collect::<Option<_>>()? })
    }
}

/// Writes the text of the file.
impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Platform { compiler, libc, backend } = &self.platform;
        writeln!(f, "{TITLE}\n{COMPILER}{compiler}\n{LIBC}{libc}\n{BACKEND}{backend}")?;
        self.counts.iter().try_for_each(|(name, count)| writeln!(f, "{name:<35} {count:>8.2}"))
    }
}

impl Platform {
    /// Returns this platform. `backend` is the one that the library chose.
    pub fn of(backend: String) -> Self {
        Self {
            compiler: says("rustc", "--version"),
            libc: says("getconf", "GNU_LIBC_VERSION"),
            backend,
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, {}", self.compiler, self.libc, self.backend)
    }
}

/// Runs a program with an argument, and returns its output.
fn says(program: &str, question: &str) -> String {
    match Command::new(program).arg(question).output() {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        _ => "unknown".to_owned(),
    }
}
