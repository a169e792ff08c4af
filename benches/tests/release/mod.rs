//! The probe, built as `cargo bench` builds, or as a user's `cargo build --release` does.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds it with the tuned profile of the benches, and returns where it is.
#[allow(dead_code, reason = "each test uses one of the two")]
pub(crate) fn probe() -> PathBuf {
    built("bench", "probe-bench")
}

/// Builds it with cargo's default release profile.
#[allow(dead_code, reason = "each test uses one of the two")]
pub(crate) fn default_probe() -> PathBuf {
    built("release", "probe-release")
}

fn built(profile: &str, folder: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--profile", profile, "--package", "benches", "--bin", "probe"])
        .arg("--target-dir")
        .arg(&target)
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the probe does not build");
    target.join("release/probe")
}
