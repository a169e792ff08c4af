//! The context that is current in this thread.
//!
//! Everything here goes through `try_with`: events may be emitted while a thread's locals are being
//! destroyed, and then there is no context.

use std::cell::Cell;

use super::Context;
use super::observer::tell;

thread_local! {
    static CONTEXT: Cell<Context> = const { Cell::new(Context::NONE) };
}

/// Reads the current context. The closure runs no code of the user's.
pub(crate) fn with_context<R>(read: impl FnOnce(&Context) -> R) -> Option<R> {
    CONTEXT
        .try_with(|cell| {
            let context = cell.take();
            let result = read(&context);
            // What is there is nothing, and drops as such.
            cell.set(context);
            result
        })
        .ok()
}

/// Makes a context the current one, and puts the one before in its place. False, and nothing happens,
/// in a thread whose locals are gone.
#[inline]
pub(crate) fn swap_context(context: &mut Context) -> bool {
    CONTEXT.try_with(|cell| *context = cell.replace(std::mem::take(context))).is_ok()
}

/// A context that is current until this is dropped; the one before waits in its place. Never held
/// over an await.
pub(crate) struct ContextGuard<'c> {
    place: &'c mut Context,
    /// In a thread whose locals are gone nothing can be current.
    swapped: bool,
}

impl<'c> ContextGuard<'c> {
    #[inline]
    pub(crate) fn enter(place: &'c mut Context) -> Self {
        let swapped = enter(place);
        Self { place, swapped }
    }
}

impl Drop for ContextGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        leave(self.place, self.swapped);
    }
}

/// Makes a context the current one; the one before waits in its place. False if nothing can be current, in a thread
/// whose locals are gone.
#[inline]
pub(crate) fn enter(place: &mut Context) -> bool {
    entered(place);
    swap_context(place)
}

/// The reverse of [`enter`], which returned `swapped`.
#[inline]
pub(crate) fn leave(place: &mut Context, swapped: bool) {
    if swapped && !swap_context(place) {
        *place = Context::NONE;
    }
    left(place);
}

/// Tells the observers of the context's span that it becomes current.
#[inline]
pub(crate) fn entered(context: &Context) {
    if let Some(observers) = context.span.as_ref().and_then(|span| span.observers.as_ref()) {
        tell(observers, |observer| observer.on_enter());
    }
}

/// Tells the observers of the context's span that it is no longer current.
#[inline]
pub(crate) fn left(context: &Context) {
    if let Some(observers) = context.span.as_ref().and_then(|span| span.observers.as_ref()) {
        tell(observers, |observer| observer.on_exit());
    }
}

impl Context {
    /// Returns the context that is current in this thread.
    pub fn current() -> Self {
        with_context(Self::clone).unwrap_or(Self::NONE)
    }

    /// Runs a function with this context as the current one.
    pub fn scope<R>(&self, run: impl FnOnce() -> R) -> R {
        let mut context = self.clone();
        let _entered = ContextGuard::enter(&mut context);
        run()
    }
}
