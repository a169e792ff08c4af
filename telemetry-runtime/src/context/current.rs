//! The context that is current in this thread.
//!
//! Everything here goes through `try_with`: events may be emitted while a thread's locals are being
//! destroyed, and then there is no context.

use std::cell::Cell;
use std::sync::Arc;

use super::active_span::{ActiveSpan, SpanPlace};
use super::observer::tell;
use super::{Context, ContextState};

thread_local! {
    static CONTEXT: Cell<Context> = const { Cell::new(Context::NONE) };
    /// The current span, while no context holds it: a *leaf*. Most spans are one all their life, and need no node
    /// that contexts share. It is within the span of `CONTEXT`, and becomes that when the context is read.
    static LEAF: Cell<Option<SpanPlace>> = const { Cell::new(None) };
}

/// Reads the state of the current context. The closure runs no code of the user's.
pub(crate) fn with_state<R>(read: impl FnOnce(Option<&ContextState>) -> R) -> Option<R> {
    with_context(|context| read(context.state.as_deref()))
}

/// Returns the current span.
pub(crate) fn current_span() -> Option<Arc<ActiveSpan>> {
    share_leaf();
    with_context(|context| context.span.clone()).flatten()
}

/// Whether there is a current span.
#[cfg(feature = "tracing-layer")]
pub(crate) fn is_in_span() -> bool {
    LEAF.try_with(Cell::get).is_ok_and(|leaf| leaf.is_some())
        || with_context(|context| context.span.is_some()).unwrap_or(false)
}

/// Reads the current context, whose span is the one around the leaf.
fn with_context<R>(read: impl FnOnce(&Context) -> R) -> Option<R> {
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

/// Makes the leaf a span of the current context, which others may hold.
#[inline]
fn share_leaf() {
    if let Ok(Some(leaf)) = LEAF.try_with(Cell::get) {
        make_node(leaf);
    }
}

#[inline(never)]
fn make_node(leaf: SpanPlace) {
    let _ = LEAF.try_with(|cell| cell.set(None));
    let _ = CONTEXT.try_with(|cell| {
        let mut context = cell.take();
        context.open_span(leaf, None);
        cell.set(context);
    });
}

/// Makes a context the current one, and puts the one before in its place. False, and nothing happens,
/// in a thread whose locals are gone.
#[inline]
fn swap_context(context: &mut Context) -> bool {
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
    share_leaf();
    entered(place);
    swap_context(place)
}

/// The reverse of [`enter`], which returned `swapped`.
#[inline]
pub(crate) fn leave(place: &mut Context, swapped: bool) {
    share_leaf();
    if swapped && !swap_context(place) {
        *place = Context::NONE;
    }
    left(place);
}

/// As [`enter`], with a leaf that is then the current span.
#[inline]
pub(crate) fn enter_leaf(around: &mut Context, leaf: SpanPlace) -> bool {
    let swapped = enter(around);
    if swapped {
        let _ = LEAF.try_with(|cell| cell.set(Some(leaf)));
    }
    swapped
}

/// The reverse of [`enter_leaf`]. Whether the span still is a leaf; else it is the span of its context now.
#[inline]
pub(crate) fn leave_leaf(around: &mut Context, swapped: bool) -> bool {
    let is_leaf = !swapped || LEAF.try_with(Cell::take).is_ok_and(|leaf| leaf.is_some());
    leave(around, swapped);
    is_leaf
}

/// Notifies the observers of the context's span that it becomes current.
#[inline]
fn entered(context: &Context) {
    if let Some(observers) = context.span.as_ref().and_then(|span| span.observers.as_ref()) {
        tell(observers, |observer| observer.on_enter());
    }
}

/// Notifies the observers of the context's span that it is no longer current.
#[inline]
fn left(context: &Context) {
    if let Some(observers) = context.span.as_ref().and_then(|span| span.observers.as_ref()) {
        tell(observers, |observer| observer.on_exit());
    }
}

impl Context {
    /// Returns the context that is current in this thread.
    pub fn current() -> Self {
        share_leaf();
        with_context(Self::clone).unwrap_or(Self::NONE)
    }

    /// Runs a function with this context as the current one.
    pub fn scope<R>(&self, run: impl FnOnce() -> R) -> R {
        let mut context = self.clone();
        let _entered = ContextGuard::enter(&mut context);
        run()
    }
}
