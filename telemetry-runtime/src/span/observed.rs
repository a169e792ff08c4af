//! Whether a span or an event is observed: by handlers, hooks, or the handlers of a context.

use std::sync::atomic::Ordering;

use super::state::Span;
use crate::context::{self, Context};
use crate::handler::Needs;
use crate::registry::{self, CONTEXT, EventSite, HANDLED, HOOKED, SCOPED, SpanSite, documented};

/// Whether a span that begins now is to be captured (`Some`), and whether it is observed.
#[inline]
pub(super) fn interesting(site: &'static SpanSite) -> Option<bool> {
    let interest = registry::interest(site);
    let observed = is_observed(site, interest);
    (observed || interest & CONTEXT != 0).then_some(observed)
}

fn seen_by_context(site: &SpanSite) -> bool {
    context::with_context(|context| {
        let handlers = context.state.as_ref().and_then(|state| state.handlers.as_ref());
        handlers.is_some_and(|handlers| handlers.see(site))
    })
    .unwrap_or(false)
}

/// What is needed of a span that begins here.
#[inline]
pub(super) fn needs_here(site: &'static SpanSite) -> Needs {
    let attached = Needs::of_bits(site.needed.load(Ordering::Relaxed));
    let scoped = |context: &Context| {
        let handlers = context.state.as_ref().and_then(|state| state.handlers.as_ref());
        handlers.map_or(Needs::NONE, |handlers| handlers.needs())
    };
    if attached == Needs::ALL || registry::interest(site) & SCOPED == 0 {
        return attached;
    }
    attached.and(context::with_context(scoped).unwrap_or(Needs::NONE))
}

/// Whether a span that begins now is observed.
#[inline]
pub(crate) fn is_observed(site: &'static SpanSite, interest: u8) -> bool {
    interest & (HANDLED | HOOKED) != 0 || interest & SCOPED != 0 && seen_by_context(site)
}

/// Whether a handler or a hook sees a single event that is emitted here.
pub(crate) fn is_seen(site: &'static EventSite) -> bool {
    let interest = registry::interest(site);
    let seen_by = |context: &Context| {
        let handlers = context.state.as_ref().and_then(|state| state.handlers.as_ref());
        handlers.is_some_and(|handlers| handlers.list.iter().any(|handler| handler.sees(site.name)))
    };
    interest & (HANDLED | HOOKED) != 0
        || interest & SCOPED != 0 && context::with_context(seen_by).unwrap_or(false)
}

/// Whether the keys of a span that begins now are to be captured: it is observed, or an event inside shows one of
/// them.
#[inline]
pub(super) fn is_wanted(site: &'static SpanSite, observed: bool) -> bool {
    observed || site.is("iteration") || site.is("tool_call") && access_is_told()
}

/// Whether a tool's access to secrets may be told, which names the tool.
fn access_is_told() -> bool {
    let has_secrets = |context: &Context| context.secrets().is_some_and(|secrets| !secrets.is_empty());
    documented::secrets_access.enabled() && context::with_context(has_secrets).unwrap_or(false)
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
