//! What panics say and where they came from.
//!
//! The message is read from the payload, which is caught in the one place where a span's work runs.
//! The frames come from a panic hook, chained before whatever hook is there when it is installed:
//! the first time that somebody attaches to anything. It captures addresses only (about 3 µs);
//! resolving them to names takes milliseconds and happens when `stacktrace` is read.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};

use serde::{Serialize, Serializer};

thread_local! {
    /// How many observed spans are open on this thread; the hook looks only inside one.
    static WATCHING: Cell<u32> = const { Cell::new(0) };
    /// What the hook saw last.
    static LAST: RefCell<Option<Seen>> = const { RefCell::new(None) };
}

struct Seen {
    message: String,
    frames: Arc<Backtrace>,
}

/// Installs the hook, once for the process.
pub(crate) fn install_hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let chained = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if WATCHING.try_with(Cell::get).unwrap_or(0) > 0 {
                let seen =
                    Seen { message: message(info.payload()), frames: Arc::new(Backtrace::force_capture()) };
                let _ = LAST.try_with(|last| last.replace(Some(seen)));
            }
            chained(info);
        }));
    });
}

/// Runs code that is not the span's own; its panics are neither shown as a span's nor let through.
pub(crate) fn contain<R>(run: impl FnOnce() -> R) -> Result<R, Panicked> {
    let watched = WATCHING.try_with(|watching| watching.replace(0)).unwrap_or(0);
    let result = catch_unwind(AssertUnwindSafe(run));
    let _ = WATCHING.try_with(|watching| watching.set(watched));
    result.map_err(|payload| {
        let panicked = Panicked { message: message(&*payload), frames: None };
        discard(payload);
        panicked
    })
}

/// The same, with the frames: for a handler, whose panic is an event of its own.
pub(crate) fn watch<R>(run: impl FnOnce() -> R) -> Result<R, (Panicked, Box<dyn Any + Send>)> {
    let watched = WATCHING.try_with(|watching| watching.replace(watching.get() + 1)).unwrap_or(0);
    let result = catch_unwind(AssertUnwindSafe(run));
    let _ = WATCHING.try_with(|watching| watching.set(watched));
    result.map_err(|payload| {
        let message = message(&*payload);
        // The hook may have seen another panic than this one: one that was caught before, or none
        // at all where a payload was passed on from another thread.
        let frames = LAST
            .try_with(|last| {
                let last = last.borrow();
                last.as_ref().filter(|seen| seen.message == message).map(|seen| seen.frames.clone())
            })
            .ok()
            .flatten();
        (Panicked { message, frames }, payload)
    })
}

/// Drops a panic's payload, whose own destructor may panic.
pub(crate) fn discard(payload: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
}

/// Panics with a message that the hook does not print: the panic was shown where it happened.
pub(crate) fn pass_on(message: String) -> ! {
    std::panic::resume_unwind(Box::new(message))
}

fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "panic with a payload that is no string".to_owned()
    }
}

/// A panic that was caught.
pub(crate) struct Panicked {
    pub(crate) message: String,
    pub(crate) frames: Option<Arc<Backtrace>>,
}

/// A stack trace as a list of strings, one a frame, innermost first; resolved when serialised.
pub(crate) struct Frames(pub(crate) Option<Arc<Backtrace>>);

impl Serialize for Frames {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(backtrace) = &self.0 else { return serializer.collect_seq([""; 0]) };
        let text = backtrace.to_string();
        let mut frames: Vec<String> = Vec::new();
        for line in text.lines().map(str::trim) {
            match line.split_once(": ") {
                Some((number, name)) if number.chars().all(|c| c.is_ascii_digit()) => {
                    frames.push(name.to_owned());
                }
                _ if line.starts_with("at ") => {
                    if let Some(frame) = frames.last_mut() {
                        frame.push(' ');
                        frame.push_str(line);
                    }
                }
                _ => {}
            }
        }
        // The innermost frames are those of the machinery that reports the panic.
        let first = frames.iter().position(|frame| !is_machinery(frame)).unwrap_or(0);
        serializer.collect_seq(&frames[first..])
    }
}

fn is_machinery(frame: &str) -> bool {
    const OURS: [&str; 9] = [
        "std::backtrace",
        "telemetry_runtime::panics::install_hook",
        "<alloc::boxed::Box<",
        "std::panicking::",
        "core::panicking::",
        "core::option::",
        "core::result::",
        "rust_begin_unwind",
        "__rustc::rust_begin_unwind",
    ];
    OURS.iter().any(|prefix| frame.starts_with(prefix)) || frame.starts_with("std::sys::backtrace")
}
