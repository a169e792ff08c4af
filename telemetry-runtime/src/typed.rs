//! Handlers of one documented event, whose keys the compiler checks.

use crate::event::{Event, EventName};
use crate::handler::{AttachError, Attachment};

use crate::registry::attach;

/// Attaches a handler of one documented event, which the type of its parameter names.
///
/// ```
/// use telemetry_runtime::{attach_typed, condukt, detach};
///
/// attach_typed("bill", |stop: &condukt::LlmTurnStop<'_>| {
///     println!("{:?} used {:?}", stop.model(), stop.usage());
/// })?;
/// detach("bill")?;
/// # Ok::<(), telemetry_runtime::AttachError>(())
/// ```
///
/// # Errors
/// If a handler of that id is attached.
pub fn attach_typed<E, H: TypedHandler<E>>(id: &str, handler: H) -> Result<Attachment, AttachError> {
    attach(id, EventName::__checked(H::NAME), move |event: &Event<'_>| handler.handle_typed(event))
}

/// A function of one documented event: `|stop: &condukt::LlmTurnStop<'_>| ..`. Implemented for closures alone.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler of one documented event",
    label = "expected a closure such as `|stop: &condukt::LlmTurnStop<'_>| ..`",
    note = "the events are in `telemetry_runtime::condukt` and `telemetry_runtime::legion`"
)]
pub trait TypedHandler<E>: Send + Sync + 'static {
    #[doc(hidden)]
    const NAME: &'static str;

    #[doc(hidden)]
    fn handle_typed(&self, event: &Event<'_>);
}

telemetry_macros::__typed_events!();
