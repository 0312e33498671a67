//! Counts the instructions of the library for small frames, and compares them with a baseline. No
//! count may rise by more than 3 %.
//!
//! Times of a few nanoseconds drown in the noise of a shared machine, but counts are the same in
//! every run. They do not show mispredicted branches, cache misses and contended ports. The
//! benchmarks do.
//!
//! `ci/counts.sh` compares, and `ci/counts.sh --update` writes a new baseline. The baseline is
//! `baseline.txt`, with a line per case, so that a diff can be read. Each case runs in a process of
//! its own under `valgrind --tool=callgrind`, which counts only inside one function
//! ([`cases::MEASURED`]). So a new case does not change the counts of the others.
//!
//! This does not use gungraun or iai-callgrind. Their baselines are callgrind's own files in the
//! target directory, several for each case. They compare two commits in one checkout, and are not
//! meant for a repository. They also need a runner of exactly their version. This program needs
//! only one number that valgrind prints.
//!
//! Counts depend on:
//!
//! - the kernels: valgrind does not support AVX-512, so every current machine uses AVX2 in it
//! - the compiler, and the C library for calls of `memcpy`: the baseline names both, and the
//!   comparison warns if they differ

mod baseline;
mod callgrind;
mod cases;
mod frames;

use std::env;
use std::process::ExitCode;

use baseline::{Baseline, Platform};
use cases::CASES;

/// The greatest change of a count that is ignored. A greater rise fails, and a greater fall asks
/// for a new baseline.
const TOLERANCE: f64 = 0.03;

const USAGE: &str = "usage: counts [--update]";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        [] => compare(),
        ["--update"] => update(),
        [callgrind::RUN, case] => run(case),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs one case inside valgrind, and prints the backend.
fn run(name: &str) -> Result<(), String> {
    let case = CASES.iter().find(|case| case.name() == name).ok_or("no such case")?;
    case.run();
    println!("{}", wsframe::arch::active().name);
    Ok(())
}

/// Counts every case, and writes the baseline.
fn update() -> Result<(), String> {
    let old = Baseline::read().ok();
    let (counted, _) = count(old.as_ref())?;
    counted.write()
}

/// Counts every case, and fails if a count has risen.
fn compare() -> Result<(), String> {
    let baseline = Baseline::read()?;
    let (counted, changes) = count(Some(&baseline))?;
    let (now, then) = (&counted.platform, &baseline.platform);
    if now != then {
        println!("\nWARNING: the baseline is of another platform; changes may be no one's doing.");
        println!("  baseline: {then}\n  this run: {now}");
    }
    if now.backend != then.backend {
        return Err("counts of different backends cannot be compared".to_owned());
    }
    if !counted.names().eq(baseline.names()) {
        return Err("the baseline lists other cases: run ci/counts.sh --update".to_owned());
    }

    let fallen = changes.iter().filter(|&&change| change < -TOLERANCE).count();
    if fallen > 0 {
        println!("\n{fallen} fell: run ci/counts.sh --update, so that it stays so.");
    }
    let risen = changes.iter().filter(|&&change| change > TOLERANCE).count();
    if risen > 0 {
        return Err(format!("{risen} rose by more than {:.0} %", 100.0 * TOLERANCE));
    }
    println!("\nok: no count rose by more than {:.0} %", 100.0 * TOLERANCE);
    Ok(())
}

/// Counts every case and prints the table. Returns the counts, and the changes of the cases in the
/// baseline.
fn count(baseline: Option<&Baseline>) -> Result<(Baseline, Vec<f64>), String> {
    println!("{:<35}{:>10}{:>10}{:>10}", "instructions a frame", "baseline", "now", "change");
    let mut counts = Vec::new();
    let mut changes = Vec::new();
    let mut backend = String::new();
    for case in CASES {
        let name = case.name();
        let count;
        (count, backend) = callgrind::count(&name)?;
        if let Some(before) = baseline.and_then(|baseline| baseline.count(&name)) {
            let change = count / before - 1.0;
            let remark = match change {
                _ if change > TOLERANCE => "  ROSE",
                _ if change < -TOLERANCE => "  fell",
                _ => "",
            };
            let percent = 100.0 * change;
            println!("{name:<35}{before:>10.2}{count:>10.2}{percent:>+8.1} %{remark}");
            changes.push(change);
        } else {
            println!("{name:<35}{:>10}{count:>10.2}{:>10}", "-", "new");
        }
        counts.push((name, count));
    }
    Ok((Baseline { platform: Platform::of(backend), counts }, changes))
}
