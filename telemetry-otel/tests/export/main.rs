//! `install()`: what goes over OTLP to a collector that answers, fails or is absent. The environment belongs to the process,
//! so most cases run in one of their own.

#![cfg(feature = "otlp")]

use std::sync::{Mutex, MutexGuard, PoisonError};

mod backends;
mod env;
mod faults;
#[cfg(feature = "grpc")]
mod grpc;

/// The bridge sees all events of the process: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
