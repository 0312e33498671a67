//! Provides the compiler and the version of each rival, which every table shows.

use std::env;
use std::fs;
use std::process::Command;

const RIVALS: [&str; 12] = [
    "wsframe",
    "tungstenite",
    "fastwebsockets",
    "tokio-websockets",
    "web-socket",
    "sockudo-ws",
    "yawc",
    "tokio-tungstenite",
    "axum",
    "simdutf8",
    "actix-http",
    "soketto",
];

fn main() {
    println!("cargo::rerun-if-changed=Cargo.lock");
    println!("cargo::rerun-if-env-changed=RUSTC");
    println!("cargo::rustc-env=COMPILER={}", compiler());
    let lock = fs::read_to_string("Cargo.lock").expect("cargo has written it by now");
    let versions = RIVALS.map(|name| format!("{name} {}", version(&lock, name)));
    println!("cargo::rustc-env=VERSIONS={}", versions.join(", "));
}

fn compiler() -> String {
    let rustc = env::var_os("RUSTC").expect("cargo sets it");
    let output = Command::new(rustc).arg("--version").output().expect("the compiler runs");
    String::from_utf8(output.stdout).expect("a version").trim().to_owned()
}

/// Returns the version of a package in the lock file, on the line after its name. If there are
/// several versions, the last one is the newest, and the one that is measured.
fn version<'l>(lock: &'l str, name: &str) -> &'l str {
    let (_, rest) = lock.rsplit_once(&format!("name = \"{name}\"\n")).expect("a dependency");
    let version = rest.lines().next().and_then(|line| line.strip_prefix("version = "));
    version.expect("after the name").trim_matches('"')
}
