//! Sets two cfgs for `src`:
//!
//! - `wsframe_vectors`, with and without a value (`"x86_64"`, `"aarch64"`, `"wasm32"`): the vector
//!   backends are built. It is unset if the target has none, the compiler is too old, or
//!   `wsframe_backend` leaves them out.
//! - `wsframe_opt`, with Cargo's optimisation level as its value (`"3"`).

use std::env::var;
use std::process::Command;

/// The first compiler with everything that the vector backends use.
const VECTORS_SINCE: u32 = 89;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");

    let read = |name| var(name).unwrap_or_default();
    println!("cargo::rustc-cfg=wsframe_opt=\"{}\"", read("OPT_LEVEL"));

    let arch = read("CARGO_CFG_TARGET_ARCH");
    let least = match &*arch {
        "x86_64" => "sse2",
        "aarch64" => "neon",
        "wasm32" => "simd128",
        _ => return,
    };
    let left_out = matches!(&*read("CARGO_CFG_WSFRAME_BACKEND"), "words" | "small");
    let has_vectors = read("CARGO_CFG_TARGET_FEATURE").split(',').any(|feature| feature == least);
    if has_vectors && !left_out && compiler().is_none_or(|minor| minor >= VECTORS_SINCE) {
        println!("cargo::rustc-cfg=wsframe_vectors");
        println!("cargo::rustc-cfg=wsframe_vectors=\"{arch}\"");
    }
}

/// Returns the minor version of the compiler. If it is unknown, `main` assumes a new one.
fn compiler() -> Option<u32> {
    let output = Command::new(var("RUSTC").ok()?).arg("--version").output().ok()?;
    String::from_utf8(output.stdout).ok()?.split('.').nth(1)?.parse().ok()
}
