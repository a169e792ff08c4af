//! The two documented events about a session's secrets: resolved, and accessed by a tool.

use crate::context::Context;
use crate::dispatch;
use crate::registry::documented;
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
            dispatch::emit_in(
                self,
                site,
                &[("count", Value::from(names.len()))],
                &[("names", Value::serialize(&names))],
            );
        }
    }
}

/// A tool receives the session's secrets: emits `condukt.secrets.access` in the tool's context.
pub(crate) fn emit_access(context: &Context, tool: Value<'_>) {
    let Some(secrets) = context.secrets().filter(|secrets| !secrets.is_empty()) else { return };
    let site = &documented::secrets_access;
    if !site.enabled() {
        return;
    }
    let names = secrets.names();
    dispatch::emit_in(
        context,
        site,
        &[("count", Value::from(names.len()))],
        &[("tool", tool), ("names", Value::serialize(&names))],
    );
}
