//! The two documented events about a session's secrets: resolved, and accessed by a tool.

use crate::context::{Context, EventPlace};
use crate::dispatch;
use crate::event::{FieldSource, Measurements};
use crate::registry::{EventSite, documented};
use crate::secrets::Secrets;
use crate::value::Value;

impl Context {
    /// Returns a copy of this context with secrets, which no event shows from now on. Emits
    /// `condukt.secrets.resolve`.
    ///
    /// They are added to those of this context. Of two with one name [`get`](Secrets::get) returns the later, and
    /// both are kept out of events. The spans around this context do not show them either.
    #[must_use]
    pub fn with_secrets(self, secrets: impl Into<Secrets>) -> Self {
        let added: Secrets = secrets.into();
        let context = self.change(|state| {
            state.secrets = Some(state.secrets.take().unwrap_or_default().joined(&added));
        });
        match &context.span {
            Some(span) => span.add_secrets(&added),
            None => {
                if let Some(caller) = context.state.as_ref().and_then(|state| state.caller_secrets.as_ref()) {
                    caller.add(added.set());
                }
            }
        }
        context.emit_resolved(&added);
        context
    }

    fn emit_resolved(&self, added: &Secrets) {
        let site = &documented::secrets_resolve;
        if !added.is_empty() && site.enabled() {
            let names = added.names();
            emit(self, self.place_of_event(), site, names.len(), &[("names", Value::serialize(&names))]);
        }
    }
}

/// A tool receives the session's secrets: emits `condukt.secrets.access` in the tool's context and span.
pub(crate) fn emit_access(context: &Context, place: EventPlace, tool: Value<'_>) {
    let site = &documented::secrets_access;
    if let Some(secrets) = context.secrets().filter(|secrets| !secrets.is_empty() && site.enabled()) {
        let names = secrets.names();
        let metadata = [("tool", tool), ("names", Value::serialize(&names))];
        emit(context, place, site, names.len(), &metadata);
    }
}

fn emit(
    context: &Context,
    place: EventPlace,
    site: &'static EventSite,
    count: usize,
    metadata: &[(&str, Value<'_>)],
) {
    let count = [("count", Value::from(count))];
    let measurements = Measurements { more: FieldSource::Values(&count), ..Measurements::NONE };
    dispatch::emit_with(context, place, site, measurements, FieldSource::Values(metadata));
}
