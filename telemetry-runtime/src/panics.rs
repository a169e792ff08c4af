//! The messages of panics and their stack frames.
//!
//! The message is read from the payload, which is caught in the one place where a span's work runs.
//! The frames come from a panic hook, chained before whatever hook is there when it is installed:
//! when the first handler is attached. It captures addresses only (about 3 µs);
//! resolving them to names takes milliseconds and happens when `stacktrace` is read.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};

use serde::{Serialize, Serializer};

thread_local! {
    /// How many observed spans are open on this thread; the hook looks only inside one.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// How many panics the hook has seen on this thread.
    static COUNT: Cell<u64> = const { Cell::new(0) };
    /// What the hook saw last: the few panics that may be on their way at a time, one during the
    /// unwinding of another.
    static SEEN: RefCell<Vec<Seen>> = const { RefCell::new(Vec::new()) };
}

struct Seen {
    number: u64,
    message: String,
    frames: Arc<Backtrace>,
}

/// How many panics a thread remembers.
const REMEMBERED: usize = 4;

/// Installs the hook, once for the process. A thread that panics may not, and leaves it to the next.
pub(crate) fn install_hook() {
    static HOOK: Once = Once::new();
    if std::thread::panicking() {
        return;
    }
    HOOK.call_once(|| {
        let chained = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if depth() > 0 {
                see(message(info.payload()));
            }
            chained(info);
        }));
    });
}

#[inline]
fn depth() -> u32 {
    DEPTH.try_with(Cell::get).unwrap_or(0)
}

/// Sets the depth, and returns the one before.
#[inline]
fn set_depth(depth: u32) -> u32 {
    DEPTH.try_with(|cell| cell.replace(depth)).unwrap_or(0)
}

#[inline]
fn count() -> u64 {
    COUNT.try_with(Cell::get).unwrap_or(0)
}

/// Runs something while the hook watches at that depth, and catches its panic.
#[inline]
fn catch_at<R>(depth: u32, run: impl FnOnce() -> R) -> std::thread::Result<R> {
    let before = set_depth(depth);
    let result = catch_unwind(AssertUnwindSafe(run));
    set_depth(before);
    result
}

#[cold]
fn see(message: String) {
    let seen = Seen { number: count(), message, frames: Arc::new(Backtrace::force_capture()) };
    let _ = COUNT.try_with(|count| count.set(seen.number + 1));
    let _ = SEEN.try_with(|all| {
        if let Ok(mut all) = all.try_borrow_mut() {
            if all.len() == REMEMBERED {
                all.remove(0);
            }
            all.push(seen);
        }
    });
}

/// The frames of a panic that the hook saw since `since`; `None` where a payload was
/// passed on from another thread.
fn frames_of(message: &str, since: u64, forget: bool) -> Option<Arc<Backtrace>> {
    let look = |all: &RefCell<Vec<Seen>>| {
        let mut all = all.try_borrow_mut().ok()?;
        let at = all.iter().rposition(|seen| seen.number >= since && seen.message == message)?;
        let frames = all[at].frames.clone();
        if forget {
            all.remove(at);
        }
        Some(frames)
    };
    SEEN.try_with(look).ok().flatten()
}

/// Runs user code outside a span's work. Catches panics without reporting or rethrowing them.
#[inline]
pub(crate) fn contain<R>(run: impl FnOnce() -> R) -> Result<R, Panicked> {
    match catch_at(0, run) {
        Ok(returned) => Ok(returned),
        Err(payload) => Err(contained(payload)),
    }
}

#[cold]
fn contained(payload: Box<dyn Any + Send>) -> Panicked {
    let panicked = Panicked { message: message(&*payload), frames: None };
    discard(payload);
    panicked
}

/// Runs a span's work; its panic is to go on, through the spans around it.
#[inline]
pub(crate) fn watch<R>(run: impl FnOnce() -> R) -> Result<R, (Panicked, Box<dyn Any + Send>)> {
    let since = count();
    match catch_at(depth() + 1, run) {
        Ok(returned) => Ok(returned),
        Err(payload) => Err((watched(&*payload, since, false), payload)),
    }
}

/// As [`watch`], for a handler, whose panic goes no further and becomes an event.
#[inline]
pub(crate) fn watch_handler(run: impl FnOnce()) -> Result<(), Panicked> {
    let since = count();
    match catch_at(depth() + 1, run) {
        Ok(()) => Ok(()),
        Err(payload) => {
            let panicked = watched(&*payload, since, true);
            discard(payload);
            Err(panicked)
        }
    }
}

#[cold]
fn watched(payload: &(dyn Any + Send), since: u64, forget: bool) -> Panicked {
    let message = message(payload);
    let frames = frames_of(&message, since, forget);
    Panicked { message, frames }
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
        "panic with a payload that is not a string".to_owned()
    }
}

/// A value of the user's whose destructor may panic: the panic is contained.
pub(crate) struct Guarded<T: ?Sized>(Option<Box<T>>);

impl<T: ?Sized> Guarded<T> {
    pub(crate) fn new(content: Box<T>) -> Self {
        Self(Some(content))
    }

    /// It is there until it is dropped.
    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_deref()
    }
}

impl<T: ?Sized> Drop for Guarded<T> {
    fn drop(&mut self) {
        let content = self.0.take();
        let _ = contain(|| drop(content));
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
    const OURS: [&str; 10] = [
        "std::backtrace",
        "telemetry_runtime::panics::",
        "<alloc::boxed::Box<",
        "std::panicking::",
        "std::panic::panic_any",
        "core::panicking::",
        "core::option::",
        "core::result::",
        "rust_begin_unwind",
        "__rustc::rust_begin_unwind",
    ];
    OURS.iter().any(|prefix| frame.starts_with(prefix)) || frame.starts_with("std::sys::backtrace")
}
