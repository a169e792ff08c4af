//! Whether a span or an event is observed: by handlers, hooks, or the handlers of a context.

use std::sync::atomic::Ordering;

use super::state::Span;
use crate::context::{self, ContextState};
use crate::handler::Needs;
use crate::registry::{
    self, CONTEXT, EventSite, HANDLED, HOOKED, SCOPED, ScopedHandlers, SpanSite, documented,
};

/// Whether a span that begins now is to be captured (`Some`), and whether it is observed.
#[inline]
pub(super) fn interesting(site: &'static SpanSite) -> Option<bool> {
    let interest = registry::interest(site);
    let observed = is_observed(site, interest);
    (observed || interest & CONTEXT != 0).then_some(observed)
}

/// Asks the handlers of the current context, if it has any.
fn by_scoped<R>(ask: impl FnOnce(&ScopedHandlers) -> R) -> Option<R> {
    context::with_state(|state| Some(ask(state?.handlers.as_deref()?))).flatten()
}

fn seen_by_context(site: &SpanSite) -> bool {
    by_scoped(|handlers| handlers.see(site)).unwrap_or(false)
}

/// What is needed of a span that begins here.
#[inline]
pub(super) fn needs_here(site: &'static SpanSite) -> Needs {
    let attached = Needs::of_bits(site.needed.load(Ordering::Relaxed));
    if attached == Needs::ALL || registry::interest(site) & SCOPED == 0 {
        return attached;
    }
    attached.and(by_scoped(ScopedHandlers::needs).unwrap_or(Needs::NONE))
}

/// Whether a span that begins now is observed.
#[inline]
pub(crate) fn is_observed(site: &'static SpanSite, interest: u8) -> bool {
    interest & (HANDLED | HOOKED) != 0 || interest & SCOPED != 0 && seen_by_context(site)
}

/// Whether a handler or a hook sees a single event that is emitted here.
pub(crate) fn is_seen(site: &'static EventSite) -> bool {
    let interest = registry::interest(site);
    let seen_by = |handlers: &ScopedHandlers| handlers.list.iter().any(|handler| handler.sees(site.name));
    interest & (HANDLED | HOOKED) != 0 || interest & SCOPED != 0 && by_scoped(seen_by).unwrap_or(false)
}

/// Whether the keys of a span that begins now are to be captured: it is observed, or an event inside shows one of
/// them.
#[inline]
pub(super) fn is_wanted(site: &'static SpanSite, observed: bool) -> bool {
    observed || site.is("iteration") || site.is("tool_call") && access_is_seen()
}

/// Whether a tool's access to secrets may be seen, an event that names the tool.
fn access_is_seen() -> bool {
    let has_secrets = |state: Option<&ContextState>| {
        state.and_then(|state| state.secrets.as_ref()).is_some_and(|secrets| !secrets.is_empty())
    };
    documented::secrets_access.enabled() && context::with_state(has_secrets).unwrap_or(false)
}

impl Span<'_> {
    /// Decides whether a span that was captured for later is observed, now that it begins. False
    /// where it need not be followed either.
    pub(super) fn recheck_observed(&mut self) -> bool {
        let interest = registry::interest(self.site);
        self.observed &= is_observed(self.site, interest);
        self.observed || interest & CONTEXT != 0
    }
}
