//! The stop keys that a return type gives.

use std::marker::PhantomData;

use super::future::NotWrappable;
use super::stop::Stop;

/// Gives the stop keys of a span, from the value that the function returned (of a `Result`, the `Ok`).
///
/// `S` is the span: one of [`spans`](crate::spans), or a type with `#[derive(EventMetadata)]` and
/// `#[span(..)]`. Derive it for a type of your own; for a type of another crate write `stop(..)` at
/// the function. By hand:
///
/// ```
/// use telemetry_runtime::{Stop, StopMetadata, agent_span, spans};
///
/// struct Reply {
///     text: String,
///     tokens: Option<u32>,
///     parts: Vec<String>,
/// }
///
/// impl StopMetadata<spans::llm_turn> for Reply {
///     fn stop_metadata<'r>(&'r self, stop: &mut Stop<'r>) {
///         stop.set("assistant_message", &self.text);
///         stop.set("tokens", self.tokens);
///         stop.serialize("parts", &self.parts);
///     }
/// }
///
/// #[agent_span(llm_turn, model = "m", turn = 0, messages = ["hi"])]
/// fn complete() -> Reply {
///     Reply { text: "hello".into(), tokens: Some(3), parts: vec![] }
/// }
/// # complete();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `StopMetadata` for the span `{S}`",
    label = "returned by a function annotated with `{S}`",
    note = "give the keys at the function: `stop(|value| KEY = EXPR, ..)`, or `stop(|_|)` for no keys",
    note = "on a call of a model, `response` reads the keys from any answer that implements `Serialize`",
    note = "or, if `{Self}` is a type of yours, derive it: `#[derive(StopMetadata)] #[stop_of({S})]`"
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

/// As [`StopMetadata`], for a user's own span, which may declare no stop keys.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `StopMetadata` for the span `{S}`",
    label = "returned by a function annotated with `{S}`",
    note = "give the keys at the function: `stop(|value| KEY = EXPR, ..)`, or `stop(|_|)` for no keys",
    note = "or, if `{Self}` is a type of yours, derive it: `#[derive(StopMetadata)] #[stop_of({S})]`"
)]
pub trait StopOfOwn<S, Derives> {
    /// Sets the keys.
    fn stop_of_own<'r>(&'r self, stop: &mut Stop<'r>);
}

/// Marker: the span declares stop keys.
#[derive(Debug)]
pub struct Derived;

/// Marker: the span declares no stop keys.
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

/// The return value implements `StopMetadata`.
pub trait MayDerive<'r> {
    /// Fills the stop.
    fn __telemetry_fill(&self, stop: &mut Stop<'r>);
}

impl<'r, S, T: StopMetadata<S> + ?Sized> MayDerive<'r> for May<'r, S, T> {
    fn __telemetry_fill(&self, stop: &mut Stop<'r>) {
        self.0.stop_metadata(stop);
    }
}

/// The return value does not implement it.
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
