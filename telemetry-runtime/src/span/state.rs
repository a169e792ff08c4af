//! A span, from what a call captured for it to its end.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, OnceLock};

use smallvec::SmallVec;

use crate::clock::Moment;
use crate::context::{self, ActiveSpan, Context, SpanPlace};
use crate::handler::Needs;
use crate::panics;
use crate::registry::SpanSite;
use crate::value::{Captured, CapturedValue, Field};

/// A span: what a call captured for it and, once it has begun, what must be ended.
pub struct Span<'a> {
    pub(crate) site: &'static SpanSite,
    pub(crate) wanted: bool,
    /// The bits of the keys that a handler or a hook needs.
    needed: u64,
    /// Whether the span is observed, which is decided when it begins.
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
    pub(super) fn new(site: &'static SpanSite, observed: bool, wanted: bool, needs: Needs) -> Self {
        Self {
            site,
            wanted,
            needed: needs.bits(),
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
        let mut span = Box::new(Self::new(site, false, false, Needs::NONE));
        span.carry_context();
        span
    }

    pub(super) fn captured(&mut self, capture: &mut dyn FnMut(&mut Self)) {
        let _ = panics::contain(|| capture(self));
    }

    pub(super) fn into_owned<'o>(self) -> Span<'o> {
        let Span { site, wanted, needed, observed, description, agent, tool_call_id, fields, open } = self;
        let fields = fields.into_iter().map(|(key, value)| (key, value.into_owned())).collect();
        Span { site, wanted, needed, observed, description, agent, tool_call_id, fields, open }
    }

    /// Whether its keys are to be captured: the span is observed, or an event inside shows one of them.
    pub fn wanted(&self) -> bool {
        self.wanted
    }

    /// Whether one of the keys of that bit is needed.
    #[inline]
    pub fn needs(&self, bit: u64) -> bool {
        self.needed & bit != 0
    }

    /// The agent's name, for the span and what is inside.
    pub fn agent(&mut self, agent: Captured<'_>) {
        self.agent = text(&agent).or(self.agent.take());
    }

    /// The default agent name: a type, or a function's path.
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

    /// Adds a key, which the span does not have yet. An absent value adds nothing.
    #[inline]
    pub fn add(&mut self, key: &'static str, value: Captured<'a>) {
        if !matches!(value, CapturedValue::Absent) {
            self.fields.push((key, value));
        }
    }

    /// Sets a key. A later value replaces an earlier one; an absent value changes nothing.
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

/// What a span has from its beginning to its end. Its owner ends it: by a stop, a panic
/// or a cancellation.
pub(super) struct Open {
    /// The context of the work, whenever that does not run. Its span is this one, or the one around if this is a leaf.
    pub(super) context: Context,
    /// `None` where the span only carries a context, whose current span is another one.
    pub(super) place: Option<SpanPlace>,
    /// Whether no context holds the span.
    pub(super) is_leaf: bool,
    /// Whether the context of the work is the current one; then the one before is in its place.
    pub(super) is_entered: bool,
    pub(super) started: Moment,
    pub(super) child_session: Option<Arc<OnceLock<Arc<str>>>>,
}

impl Open {
    /// Makes the context of the work the current one, until [`leave`](Self::leave).
    #[inline]
    pub(super) fn enter(&mut self) {
        self.is_entered = match self.place {
            Some(place) if self.is_leaf => context::enter_leaf(&mut self.context, place),
            _ => context::enter(&mut self.context),
        };
    }

    /// Makes the context current that was so before.
    #[inline]
    pub(super) fn leave(&mut self) {
        if self.is_leaf {
            self.is_leaf = context::leave_leaf(&mut self.context, self.is_entered);
        } else {
            context::leave(&mut self.context, self.is_entered);
        }
        self.is_entered = false;
    }

    /// Returns the context of the work, with the span in it.
    pub(super) fn shared(&mut self) -> Context {
        if let Some(place) = self.place
            && std::mem::take(&mut self.is_leaf)
        {
            self.context.open_span(place, None);
        }
        self.context.clone()
    }

    /// The span, if a context may hold it.
    #[inline]
    pub(super) fn node(&self) -> Option<&Arc<ActiveSpan>> {
        self.context.span.as_ref().filter(|_| !self.is_leaf && self.place.is_some())
    }
}
