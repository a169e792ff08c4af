//! Random trees of calls, awaits, joins, selects, spawns, panics, aborts, attaches and detaches: each start has
//! one end of the right kind, children end before their parents, and ids and context are right.
//!
//! Each call keeps a record of what really happened to it; the events are compared with the records.

macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err(TestCaseError::fail(format!($($message)+)));
        }
    };
}

mod compare;
mod functions;
mod plan;
mod random;
mod run;
mod steps;
mod witness;

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};

use futures::future::{BoxFuture, FutureExt, join_all};
use futures::stream::{Stream, StreamExt};
use proptest::prelude::*;
use telemetry_runtime::{
    AttachError, Context, Event, EventMetadata, InContext, IntoPatterns, SpanIds, agent_span, attach, detach,
    event_names, in_current_context, in_span, open_span, record, tool_call,
};
use tests::property;

use functions::*;
use plan::*;
use random::*;
use run::*;
use steps::*;
use witness::*;

/// Handlers are attached for the whole process, so one run goes on at a time.
///
/// A function that makes a future captures its arguments when it is called, if a handler may see them; for
/// what it emits to depend on its first poll alone, there is always a handler that may.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    static OBSERVER: std::sync::OnceLock<Context> = std::sync::OnceLock::new();
    OBSERVER.get_or_init(|| Context::new().with_handler(all_events(), |_: &Event<'_>| {}));
    lock(&ALONE)
}

#[test]
fn each_start_has_the_end_that_its_call_had() {
    let _alone = alone();
    property::check(1000, &(call(), executor()), |(call, executor)| {
        let ran = perform(call, executor, Observers::Throughout);
        ran.check_ends()?;
        ran.check_order()?;
        ran.check_context()?;
        ran.check_handlers(executor != Executor::MultiThread)
    });
}

#[test]
fn whether_a_span_is_observed_is_decided_at_its_start() {
    let _alone = alone();
    let executor = prop_oneof![Just(Executor::CurrentThread), Just(Executor::ShutDown)];
    property::check(1000, &(call(), executor), |(call, executor)| {
        perform(call, executor, Observers::NoOther).check_recorders()
    });
}

/// A tree that breaks a rule shrinks to one that shows why.
#[test]
fn trees_shrink_to_small_ones() {
    let _alone = alone();
    let smallest = property::smallest(&(call(), executor()), |(call, executor)| {
        let ran = perform(call, executor, Observers::Throughout);
        let is_cancelled = |seen: &Seen| seen.end.as_deref() == Some("cancelled");
        ensure!(!ran.scoped.iter().any(is_cancelled), "nothing is ever cancelled");
        Ok(())
    });
    fn count(call: &Call) -> usize {
        1 + call.steps.iter().flat_map(|step| step.clone().calls()).map(|call| count(&call)).sum::<usize>()
    }
    assert!(count(&smallest.0) <= 3, "{smallest:?}");
}
