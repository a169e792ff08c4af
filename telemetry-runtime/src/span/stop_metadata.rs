//! What a return type says of a span's stop.

use std::marker::PhantomData;

use super::future::NotWrappable;
use super::stop::Stop;

/// Says what a span's stop carries, given what the function returned (of a `Result`, the `Ok`).
///
/// `S` is the span: one of [`spans`](crate::spans), or a type with `#[derive(EventMetadata)]` and
/// `#[span(..)]`. Derive it where the type is yours; for a type of another crate write `stop(..)` at
/// the function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what the stop of span `{S}` carries",
    label = "returned by a function annotated as `{S}`",
    note = "derive it: `#[derive(StopMetadata)] #[stop_of({S})]` on `{Self}`",
    note = "or say it at the function: `stop(|value| KEY = EXPR, ..)`, or `stop(|_|)` if there is nothing to say"
)]
pub trait StopMetadata<S> {
    /// Sets the keys.
    fn stop_metadata<'r>(&'r self, stop: &mut Stop<'r>);
}

macro_rules! through {
    ($($ty:ty),+) => { $(
        #[diagnostic::do_not_recommend]
        impl<S, T: StopMetadata<S> + ?Sized> StopMetadata<S> for $ty {
            fn stop_metadata<'r>(&'r self, stop: &mut Stop<'r>) { (**self).stop_metadata(stop); }
        }
    )+ };
}

through!(&T, &mut T, Box<T>, std::rc::Rc<T>, std::sync::Arc<T>);

#[diagnostic::do_not_recommend]
impl<S, T: StopMetadata<S>> StopMetadata<S> for Option<T> {
    fn stop_metadata<'r>(&'r self, stop: &mut Stop<'r>) {
        if let Some(value) = self {
            value.stop_metadata(stop);
        }
    }
}

/// The same for a user's own span, which has keys to derive or not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what the stop of span `{S}` carries",
    label = "returned by a function annotated as `{S}`",
    note = "derive it: `#[derive(StopMetadata)] #[stop_of({S})]` on `{Self}`",
    note = "or say it at the function: `stop(|value| KEY = EXPR, ..)`, or `stop(|_|)` if there is nothing to say"
)]
pub trait StopOfOwn<S, Derives> {
    /// Sets the keys.
    fn stop_of_own<'r>(&'r self, stop: &mut Stop<'r>);
}

/// It has.
#[derive(Debug)]
pub struct Derived;

/// It has none.
#[derive(Debug)]
pub struct NothingToDerive;

#[diagnostic::do_not_recommend]
impl<S, T: StopMetadata<S> + ?Sized> StopOfOwn<S, Derived> for T {
    fn stop_of_own<'r>(&'r self, stop: &mut Stop<'r>) {
        self.stop_metadata(stop);
    }
}

#[diagnostic::do_not_recommend]
impl<S, T: ?Sized> StopOfOwn<S, NothingToDerive> for T {
    fn stop_of_own<'r>(&'r self, _: &mut Stop<'r>) {}
}

/// A return value that may have `StopMetadata`, at a function with `stop(..)`.
pub struct May<'r, S, T: ?Sized>(&'r T, PhantomData<S>);

impl<'r, S, T: ?Sized> May<'r, S, T> {
    /// That value.
    pub fn new(value: &'r T) -> Self {
        Self(value, PhantomData)
    }
}

/// It has.
pub trait MayDerive<'r> {
    /// Fills the stop.
    fn __telemetry_fill(&self, stop: &mut Stop<'r>);
}

impl<'r, S, T: StopMetadata<S> + ?Sized> MayDerive<'r> for May<'r, S, T> {
    fn __telemetry_fill(&self, stop: &mut Stop<'r>) {
        self.0.stop_metadata(stop);
    }
}

/// It has not.
pub trait MayNotDerive<'r> {
    /// Does nothing.
    fn __telemetry_fill(&self, stop: &mut Stop<'r>);
}

impl<'r, S, T: ?Sized> MayNotDerive<'r> for &May<'r, S, T> {
    fn __telemetry_fill(&self, _: &mut Stop<'r>) {}
}

#[diagnostic::do_not_recommend]
impl<S> StopMetadata<S> for NotWrappable<()> {
    fn stop_metadata<'r>(&'r self, _: &mut Stop<'r>) {}
}
