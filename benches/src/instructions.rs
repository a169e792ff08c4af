//! Instructions a call, counted by valgrind: the same on a busy machine as on a quiet one.

use std::ffi::OsStr;
use std::hint::black_box;
use std::process::Command;

/// Whether there is a valgrind to count with.
pub fn can_count() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Runs what is counted: between entering and leaving this.
#[inline(never)]
pub fn counted(run: fn(u64), calls: u64) {
    run(black_box(calls));
    black_box(());
}

/// Instructions a call of what `program ARGUMENTS.. CALLS` repeats.
///
/// What it does within [`counted`] is: twice, for more calls the second time, so that what only the
/// first call does cancels out.
///
/// # Panics
/// When valgrind does not run it.
pub fn a_call(program: impl AsRef<OsStr>, arguments: &[&str]) -> u64 {
    between(program.as_ref(), arguments, 100, 1100)
}

/// The same of a long call, of which a few runs are enough.
///
/// # Panics
/// When valgrind does not run it.
pub fn a_long_call(program: impl AsRef<OsStr>, arguments: &[&str]) -> u64 {
    between(program.as_ref(), arguments, 2, 12)
}

fn between(program: &OsStr, arguments: &[&str], few: u64, many: u64) -> u64 {
    let (first, second) = (of_run(program, arguments, few), of_run(program, arguments, many));
    second.saturating_sub(first) / (many - few)
}

fn of_run(program: &OsStr, arguments: &[&str], calls: u64) -> u64 {
    let output = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            "--toggle-collect=*instructions::counted*",
        ])
        .arg(program)
        .args(arguments)
        .arg(calls.to_string())
        .output()
        .expect("valgrind runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let collected = stderr.lines().find_map(|line| line.split_once("Collected :"));
    let count = collected.and_then(|(_, count)| count.trim().parse().ok());
    count.unwrap_or_else(|| panic!("valgrind did not say how many instructions it saw:\n{stderr}"))
}
