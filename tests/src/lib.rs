//! What integration tests share; the tests are in `tests/`. The README's examples are compiled here.

pub mod lines;
pub mod property;
pub mod seen;

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// Tests that change something of the whole process hold this while they run.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a function and catches its panic.
///
/// # Errors
/// What it panicked with.
pub fn caught<R>(run: impl FnOnce() -> R) -> Result<R, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(run))
}

/// Polls a future once, with a waker that does nothing.
pub fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// The command that runs one test of this executable in a process of its own.
///
/// # Panics
/// If the executable cannot be found.
pub fn own_process(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a test has an executable"));
    command.args(["--exact", test, "--include-ignored", "--nocapture"]);
    command
}

/// Runs such a command. Returns all that it printed.
///
/// # Panics
/// If the test fails, or if no test has that name.
pub fn passes(command: &mut Command) -> String {
    let output = command.output().expect("the executable runs");
    let printed =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success() && printed.contains("1 passed"), "{command:?}: {printed}");
    printed
}
