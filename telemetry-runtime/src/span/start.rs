//! What a call captures before its work begins.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use smallvec::SmallVec;

use super::live::Open;
use crate::callsite::{CONTEXT, HANDLED, HOOKED, SCOPED, SpanSite};
use crate::context::Context;
use crate::panics;
use crate::value::{Captured, CapturedValue};
use crate::{local, sites};

/// A key and its value, captured at the start.
pub(crate) type Field<'a> = (&'static str, Captured<'a>);

/// A span: what a call captured for it and, once it has ensure_started, what must be ended.
pub struct Span<'a> {
    pub(crate) site: &'static SpanSite,
    pub(crate) wanted: bool,
    /// Whether somebody sees the span, which is decided when it begins.
    pub(crate) observed: bool,
    pub(crate) description: Option<&'static str>,
    pub(crate) agent: Option<Arc<str>>,
    pub(crate) tool_call_id: Option<Arc<str>>,
    pub(crate) fields: SmallVec<[Field<'a>; 6]>,
    pub(super) open: Option<Open>,
}

// A panic of the work leaves it whole: it was caught on its way, and goes on when the span has ended.
impl UnwindSafe for Span<'_> {}
impl RefUnwindSafe for Span<'_> {}

impl<'a> Span<'a> {
    #[inline]
    fn new(site: &'static SpanSite, observed: bool) -> Self {
        Self {
            site,
            wanted: observed || site.is("iteration") || site.is("tool_call") && access_is_told(),
            observed,
            description: None,
            agent: None,
            tool_call_id: None,
            fields: SmallVec::new(),
            open: None,
        }
    }

    /// One that captures nothing and carries the current context.
    #[cold]
    pub(super) fn context_only(site: &'static SpanSite) -> Box<Self> {
        let mut span = Box::new(Self::new(site, false));
        span.carry_context();
        span
    }

    #[inline]
    fn captured(&mut self, capture: impl FnOnce(&mut Self)) {
        let _ = panics::contain(|| capture(self));
    }

    fn into_owned<'o>(self) -> Span<'o> {
        let Span { site, wanted, observed, description, agent, tool_call_id, fields, open } = self;
        let fields = fields.into_iter().map(|(key, value)| (key, value.into_owned())).collect();
        Span { site, wanted, observed, description, agent, tool_call_id, fields, open }
    }

    /// Whether its keys are to be captured: somebody will see the span, or something inside it that
    /// shows one of them.
    pub fn wanted(&self) -> bool {
        self.wanted
    }

    /// The agent's name, for the span and what is inside.
    pub fn agent(&mut self, agent: Captured<'_>) {
        self.agent = text(&agent).or(self.agent.take());
    }

    /// The agent's name where nothing else is said: a type, or a function's path.
    pub fn agent_is(&mut self, name: &str) {
        self.agent = Some(name.into());
    }

    /// The id that the model gave the call, for the span and what is inside.
    pub fn tool_call_id(&mut self, id: Captured<'_>) {
        self.tool_call_id = text(&id).or(self.tool_call_id.take());
    }

    /// The doc comment of the function.
    pub fn describe(&mut self, description: &'static str) {
        self.description = Some(description);
    }

    /// Adds a key, which the span does not have yet; none adds nothing.
    #[inline]
    pub fn add(&mut self, key: &'static str, value: Captured<'a>) {
        if !matches!(value, CapturedValue::Absent) {
            self.fields.push((key, value));
        }
    }

    /// Sets a key; a later value replaces an earlier one, and none changes nothing.
    pub fn set(&mut self, key: &'static str, value: Captured<'a>) {
        if matches!(value, CapturedValue::Absent) {
            return;
        }
        match self.fields.iter_mut().find(|field| field.0 == key) {
            Some(field) => field.1 = value,
            None => self.fields.push((key, value)),
        }
    }
}

fn text(value: &Captured<'_>) -> Option<Arc<str>> {
    value.value().map(|value| value.to_text().into())
}

/// Looks whether a span that begins now is observed, and if so captures what the call was given.
///
/// A panic in what is captured loses the keys after it and nothing else.
#[cold]
#[inline(never)]
pub fn begin<'a>(site: &'static SpanSite, place: &mut Option<Span<'a>>, capture: impl FnOnce(&mut Span<'a>)) {
    if let Some(observed) = interesting(site) {
        place.insert(Span::new(site, observed)).captured(capture);
    }
}

/// The same for the span of a future, where it stays for as long as that runs.
#[cold]
#[inline(never)]
pub fn begin_boxed<'a>(
    site: &'static SpanSite,
    capture: impl FnOnce(&mut Span<'a>),
) -> Option<Box<Span<'a>>> {
    let mut span = Box::new(Span::new(site, interesting(site)?));
    span.captured(capture);
    Some(span)
}

/// The same for a span that begins later, perhaps in another context, whose handlers count then. It
/// borrows nothing: what runs later may outlive what the call was given.
#[cold]
#[inline(never)]
pub fn begin_later<'a, 'o>(
    site: &'static SpanSite,
    capture: impl FnOnce(&mut Span<'a>),
) -> Option<Box<Span<'o>>> {
    let interest = site.interest();
    if interest == 0 {
        return None;
    }
    let mut span = Span::new(site, interest & (HANDLED | HOOKED | SCOPED) != 0);
    // Secrets that come between the call and its beginning are accessed by a tool with a name.
    span.wanted |= site.is("tool_call") && sites::secrets_access.enabled();
    span.captured(capture);
    Some(Box::new(span.into_owned()))
}

/// Whether a span that begins now is to be captured, and if so whether somebody sees it.
#[inline]
fn interesting(site: &'static SpanSite) -> Option<bool> {
    let interest = site.interest();
    let observed = is_observed(site, interest);
    (observed || interest & CONTEXT != 0).then_some(observed)
}

fn seen_by_context(site: &SpanSite) -> bool {
    local::with_context(|context| {
        let handlers = context.state.as_ref().and_then(|state| state.handlers.as_ref());
        handlers.is_some_and(|handlers| handlers.see(site))
    })
    .unwrap_or(false)
}

/// Whether somebody sees a span that begins now.
#[inline]
pub(crate) fn is_observed(site: &'static SpanSite, interest: u8) -> bool {
    interest & (HANDLED | HOOKED) != 0 || interest & SCOPED != 0 && seen_by_context(site)
}

/// Whether a tool's access to secrets may be told, which names the tool.
fn access_is_told() -> bool {
    let has_secrets = |context: &Context| context.secrets().is_some_and(|secrets| !secrets.is_empty());
    sites::secrets_access.enabled() && local::with_context(has_secrets).unwrap_or(false)
}

impl Span<'_> {
    /// Decides whether a span that was captured for later is observed, now that it begins. False
    /// where it need not be followed either.
    pub(super) fn recheck_observed(&mut self) -> bool {
        let interest = self.site.interest();
        self.observed &= is_observed(self.site, interest);
        self.observed || interest & CONTEXT != 0
    }
}
