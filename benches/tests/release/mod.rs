//! The probe, built as `cargo bench` builds.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds it and says where it is.
pub(crate) fn probe() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target directory");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--profile", "bench", "--package", "benches", "--bin", "probe"])
        .arg("--target-dir")
        .arg(target)
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the probe does not build");
    target.join("release/probe")
}
