//! Callsites: one static for each span and event, whose single word shows whether a handler or hook is listening.
//!
//! An annotated function loads that word and does nothing else while it is zero. Its bits: `UNREGISTERED` until
//! the registry knows the callsite, `HANDLED` if a handler's pattern selects it, `CONTEXT` if it changes the context
//! of events that are handled, `SCOPED` while a context has handlers of its own, `HOOKED` while there are hooks.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use telemetry_catalogue::{self as catalogue, Category, ContextKey, Phase, Requirement};

use crate::handler::HandlerList;

/// Not looked up yet: a user's own callsite before its first use.
pub(crate) const UNREGISTERED: u8 = 1;
/// Some handler's pattern selects one of its events.
pub(crate) const HANDLED: u8 = 2;
/// It changes the context of others, and some handler is attached.
pub(crate) const CONTEXT: u8 = 4;
/// Some context with handlers of its own is alive.
pub(crate) const SCOPED: u8 = 8;
/// Span hooks are installed.
pub(crate) const HOOKED: u8 = 16;

/// The context keys that events of the user's own show.
const ALL_KEYS: &[ContextKey] = &[
    ContextKey::Agent,
    ContextKey::SessionId,
    ContextKey::ParentSessionId,
    ContextKey::RunId,
    ContextKey::ParentRunId,
    ContextKey::Iteration,
    ContextKey::ToolCallId,
    #[cfg(feature = "newer-events")]
    ContextKey::AgentId,
    #[cfg(feature = "newer-events")]
    ContextKey::ParentAgentId,
];

/// One event that can be emitted, and the handlers whose patterns select it.
pub struct EventSite {
    pub(crate) name: &'static str,
    pub(crate) category: Option<Category>,
    /// Whether it is a single event with a `system_time`.
    pub(crate) timed: bool,
    /// The context keys it shows, where the context has them.
    pub(crate) context: &'static [ContextKey],
    /// Of a single event; a span has one word for all three.
    pub(crate) interest: AtomicU8,
    pub(crate) handlers: ArcSwapOption<HandlerList>,
}

impl EventSite {
    const fn with(name: &'static str, category: Option<Category>, context: &'static [ContextKey]) -> Self {
        Self {
            name,
            category,
            timed: false,
            context,
            interest: AtomicU8::new(UNREGISTERED),
            handlers: ArcSwapOption::const_empty(),
        }
    }

    /// The site of a user's own event.
    pub const fn new(name: &'static str) -> Self {
        Self::with(name, None, ALL_KEYS)
    }

    pub(crate) const fn documented(event: &'static catalogue::EventSpec) -> Self {
        let mut timed = false;
        let mut index = 0;
        while index < event.measurements.len() {
            timed |= matches!(event.measurements[index].requirement, Requirement::Automatic);
            index += 1;
        }
        let mut site = Self::with(event.name, Some(event.category), event.context);
        site.timed = timed;
        site
    }

    /// Whether a handler or hook may be listening: one relaxed load.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the whole cost of an event without a handler")]
    pub fn enabled(&self) -> bool {
        !cfg!(any(telemetry_off, feature = "off")) && self.interest.load(Ordering::Relaxed) != 0
    }
}

/// One kind of span: its three events.
pub struct SpanSite {
    pub(crate) interest: AtomicU8,
    /// The bits of [`Needs`](crate::handler::Needs) of its handlers and of the hooks.
    pub(crate) needed: AtomicU64,
    pub(crate) prefix: &'static str,
    pub(crate) spec: Option<&'static catalogue::SpanSpec>,
    events: [EventSite; 3],
}

impl SpanSite {
    /// The site of a user's own span, with the full names of its events.
    pub const fn new(prefix: &'static str, names: [&'static str; 3]) -> Self {
        Self {
            interest: AtomicU8::new(UNREGISTERED),
            needed: AtomicU64::new(u64::MAX),
            prefix,
            spec: None,
            events: [EventSite::new(names[0]), EventSite::new(names[1]), EventSite::new(names[2])],
        }
    }

    pub(crate) const fn documented(spec: &'static catalogue::SpanSpec) -> Self {
        const fn event(spec: &'static catalogue::SpanSpec, phase: usize) -> EventSite {
            EventSite::with(spec.events[phase], Some(spec.category), spec.context)
        }
        Self {
            interest: AtomicU8::new(UNREGISTERED),
            needed: AtomicU64::new(u64::MAX),
            prefix: spec.prefix,
            spec: Some(spec),
            events: [event(spec, 0), event(spec, 1), event(spec, 2)],
        }
    }

    /// Whether a handler or hook may be listening: one relaxed load.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the whole cost of a span without a handler")]
    pub fn enabled(&self) -> bool {
        !cfg!(any(telemetry_off, feature = "off")) && self.interest.load(Ordering::Relaxed) != 0
    }

    pub(crate) fn event(&self, phase: Phase) -> &EventSite {
        &self.events[phase as usize]
    }

    pub(crate) fn events(&self) -> &[EventSite; 3] {
        &self.events
    }

    pub(crate) fn opens_context(&self) -> bool {
        self.spec.is_some_and(|spec| spec.opens_context)
    }

    /// Whether it is the documented span of that attribute name.
    pub(crate) fn is(&self, attribute: &str) -> bool {
        self.spec.is_some_and(|spec| spec.short_name == attribute)
    }
}

impl std::fmt::Debug for SpanSite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SpanSite").field(&self.prefix).finish()
    }
}

impl std::fmt::Debug for EventSite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("EventSite").field(&self.name).finish()
    }
}
