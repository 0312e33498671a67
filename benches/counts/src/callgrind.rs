//! Runs a case under callgrind.

use std::env;
use std::process::Command;

use crate::cases::MEASURED;
use crate::frames::FRAMES;

/// The argument before the name of the case that a process under callgrind runs.
pub const RUN: &str = "--run";

/// Returns the instructions per frame of the case, rounded to a hundredth, and the backend that it
/// ran on.
pub fn count(case: &str) -> Result<(f64, String), String> {
    let this_program = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"])
        .arg(format!("--toggle-collect={MEASURED}"))
        .arg(this_program)
        .args([RUN, case])
        .output()
        .map_err(|error| format!("valgrind does not start: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{case}: {}\n{said}", output.status));
    }

    // ==4711== Collected : 65538
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    let instructions: u64 = collected
        .and_then(|(_, instructions)| instructions.trim().parse().ok())
        .ok_or_else(|| format!("{case}: valgrind names no count\n{said}"))?;
    if instructions < FRAMES as u64 {
        return Err(format!("{case}: the function to be measured was not found"));
    }
    let backend = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let hundredths = (100.0 * instructions as f64 / FRAMES as f64).round();
    Ok((hundredths / 100.0, backend))
}
