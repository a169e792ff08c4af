//! A span that has begun and must end.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use smallvec::SmallVec;
use telemetry_catalogue::Phase;

use super::node::Node;
use super::start::Start;
use super::stop::Stop;
use crate::context::{Context, Entered};
use crate::dispatch::{self, EntryList, Receivers};
use crate::event::{Entries, Event, Measurements, Metadata};
use crate::hooks::{self, Followers, Identity, Opening};
use crate::ids::{SpanId, SpanIds, TraceId};
use crate::panics::{self, Frames, Panicked};
use crate::value::{Held, Value};
use crate::{local, registry, sites};

/// A span that has begun. Whoever holds it ends it: by a stop, a panic or a cancellation.
pub struct Live<'a> {
    start: Start<'a>,
    /// The context of the work, whenever that does not run.
    context: Context,
    ids: SpanIds,
    depth: u32,
    started: u64,
    child_session: Option<Arc<OnceLock<Arc<str>>>>,
}

/// A panic that was caught on its way.
pub(crate) type Caught = (Panicked, Box<dyn Any + Send>);

impl<'a> Live<'a> {
    /// Opens the span in the current context and emits its start.
    pub(crate) fn begin(start: Start<'a>) -> Self {
        let mut context = Context::current();
        let started = context.now();
        let wall = context.wall(started);
        let (identity, followers) = identify(&start, &context, wall);
        let ids = settle(identity, &context);
        let child_session = open_context(&start, &mut context);
        let node = Node::open(ids, start.site, context.span.take(), followers, identity.sampled);
        let depth = node.depth;
        if let Some(secrets) = context.secrets()
            && depth == 0
        {
            node.add_secrets(secrets);
        }
        context.span = Some(node);
        let live = Self { start, context, ids, depth, started, child_session };
        live.emit(
            Phase::Start,
            Measurements { system_time: Some(wall), monotonic_time: Some(started), ..Measurements::NONE },
            [],
        );
        if live.start.site.is("tool_call") {
            live.emit_access();
        }
        live
    }

    /// Runs a piece of the work: in the span's context, its panic caught.
    pub(crate) fn within<R>(&mut self, work: impl FnOnce() -> R) -> Result<R, Caught> {
        let entered = Entered::enter(std::mem::take(&mut self.context));
        let result = panics::watch(work);
        self.context = entered.leave();
        result
    }

    /// Ends it with a stop, whose keys `fill` takes from the return value.
    ///
    /// A panic in `fill` loses the keys after it and nothing else: the work has been done.
    pub(crate) fn stop<'r>(mut self, measured: Measured, fill: impl FnOnce(&mut Stop<'r>)) {
        let mut stop = Stop::default();
        let _ = panics::contain(|| fill(&mut stop));
        for (key, value) in self.records() {
            stop.set(key, value.into_stop());
        }
        if let Some(session) = self.child_session.as_ref().and_then(|cell| cell.get())
            && !stop.has("session_id")
        {
            stop.set("session_id", Held::Text((**session).into()));
        }
        if self.start.site.is("sandbox_eval") && !stop.has("success") {
            let ok = stop.get("status").is_none_or(|status| status.as_str() == Some("ok"));
            stop.set("success", Held::Bool(ok));
        }
        let now = self.context.now();
        let counted = measured.entries(self.started);
        let measurements = ended(now, self.started, &counted);
        self.end(Phase::Stop, measurements, stop.iter());
    }

    /// Ends it with an exception: the work panicked.
    pub(crate) fn panicked(mut self, measured: Measured, panicked: Panicked) {
        let frames = Frames(panicked.frames);
        let now = self.context.now();
        let counted = measured.entries(self.started);
        let measurements = ended(now, self.started, &counted);
        self.end(
            Phase::Exception,
            measurements,
            [
                ("kind", Value::Str("panic")),
                ("reason", Value::Str(&panicked.message)),
                ("stacktrace", Value::serialize(&frames)),
            ],
        );
    }

    /// Ends it with an exception: the work was dropped unfinished.
    pub(crate) fn cancelled(mut self, measured: Measured) {
        let now = self.context.now();
        let counted = measured.entries(self.started);
        let measurements = ended(now, self.started, &counted);
        self.end(
            Phase::Exception,
            measurements,
            [
                ("kind", Value::Str("cancelled")),
                ("reason", Value::Str("cancelled")),
                ("stacktrace", Value::serialize(&Frames(None))),
            ],
        );
    }

    fn end<'e>(
        &mut self,
        phase: Phase,
        measurements: Measurements<'_>,
        entries: impl IntoIterator<Item = (&'static str, Value<'e>)>,
    ) {
        self.emit(phase, measurements, entries);
        if let Some(node) = self.context.span.take() {
            Node::close(node);
        }
    }

    fn emit<'e>(
        &self,
        phase: Phase,
        measurements: Measurements<'_>,
        entries: impl IntoIterator<Item = (&'static str, Value<'e>)>,
    ) {
        if !self.start.observed {
            return;
        }
        let site = self.start.site.event(phase);
        let ambient = self.context.ambient.as_deref();
        let receivers = Receivers::of(site, ambient);
        let followers = self.context.span.as_ref().map(|node| &node.followers);
        let followers = followers.filter(|some| phase != Phase::Start && !some.is_empty());
        if receivers.is_empty() && followers.is_none() {
            return;
        }
        let mut list = EntryList::new(self.context.keys(site.context));
        for field in &self.start.fields {
            if let Some(value) = field.value.value() {
                list.set(field.key, value);
            }
        }
        for (key, value) in entries {
            list.set(key, value);
        }
        list.finish(ambient);
        let event = Event {
            name: site.name,
            description: self.start.description,
            category: site.category,
            measurements,
            metadata: Metadata(list.entries()),
            span: Some(self.ids),
            depth: self.depth,
        };
        receivers.deliver(&event, &self.context, |event| {
            if let Some(followers) = followers {
                hooks::tell(followers, |follower| follower.ended(event));
            }
        });
    }

    /// A tool receives the session's secrets.
    fn emit_access(&self) {
        let Some(secrets) = self.context.secrets().filter(|secrets| !secrets.is_empty()) else { return };
        let site = &sites::secrets_access;
        if !site.enabled() {
            return;
        }
        let names = secrets.names();
        let tool = self.start.fields.iter().find(|field| field.key == "tool");
        let tool = tool.and_then(|field| field.value.value()).unwrap_or(Value::Null);
        dispatch::emit_in(
            &self.context,
            site,
            &[("count", Value::from(names.len()))],
            &[("tool", tool), ("names", Value::serialize(&names))],
        );
    }

    fn records(&self) -> Vec<(&'static str, crate::value::Captured<'static>)> {
        self.context.span.as_ref().map(|node| node.take_records()).unwrap_or_default()
    }

    /// The monotonic time, as the span's context has it.
    pub(crate) fn now(&self) -> u64 {
        self.context.now()
    }
}

/// What a stream counted on its way.
#[derive(Clone, Copy, Default)]
pub(crate) struct Measured {
    pub(crate) stream: bool,
    pub(crate) items: u64,
    pub(crate) first_item: Option<u64>,
}

type Counted = SmallVec<[(&'static str, Value<'static>); 2]>;

impl Measured {
    fn entries(self, started: u64) -> Counted {
        let mut entries = Counted::new();
        if self.stream {
            entries.push(("items", Value::U64(self.items)));
            let first = self.first_item.map(|first| first.saturating_sub(started));
            entries.extend(first.map(|first| ("time_to_first_item", Value::U64(first))));
        }
        entries
    }
}

/// The measurements of an end.
fn ended(now: u64, started: u64, counted: &Counted) -> Measurements<'_> {
    Measurements {
        duration: Some(now.saturating_sub(started)),
        monotonic_time: Some(now),
        more: Entries::Slice(counted),
        ..Measurements::NONE
    }
}

/// Who the span is, as the context and the hooks say, and what follows it.
fn identify(start: &Start<'_>, context: &Context, system_time: u64) -> (Identity, Followers) {
    let mut identity =
        Identity { parent: context.parent(), sampled: context.sampled(), ..Identity::default() };
    let mut followers = Followers::new();
    let text = |key: &str| {
        let field = start.fields.iter().find(|field| field.key == key)?;
        field.value.value()?.as_str().map(str::to_owned)
    };
    let hooks = if start.observed { registry::hooks() } else { None };
    for hook in hooks.iter().flat_map(|hooks| hooks.iter()) {
        let opening = Opening {
            site: start.site,
            agent: start.agent.as_deref(),
            text: &text,
            context,
            identity,
            system_time,
        };
        if let Ok(said) = panics::contain(|| hook.opening(&opening)) {
            identity = identity.or_as(said.identity);
            followers.extend(said.follower);
        }
    }
    (identity, followers)
}

/// Makes up what nobody said.
fn settle(identity: Identity, context: &Context) -> SpanIds {
    let deterministic = context.ambient.as_ref().and_then(|ambient| ambient.deterministic.as_deref());
    let random = || deterministic.map_or_else(local::random, |known| known.random());
    let id = identity
        .id
        .unwrap_or_else(|| std::iter::repeat_with(random).find_map(SpanId::new).expect("some is not zero"));
    let trace_id = identity.trace_id.or(identity.parent.map(|(trace, _)| trace)).unwrap_or_else(|| {
        let wide = || u128::from(random()) << 64 | u128::from(random());
        std::iter::repeat_with(wide).find_map(TraceId::new).expect("some is not zero")
    });
    SpanIds { id, parent_id: identity.parent.map(|(_, id)| id), trace_id }
}

/// Changes the context as the documents say of that kind of span. Returns where the session of a
/// sub-agent will be told.
fn open_context(start: &Start<'_>, context: &mut Context) -> Option<Arc<OnceLock<Arc<str>>>> {
    let attribute = start.site.spec.map(|spec| spec.attribute);
    let opens =
        start.site.opens_context() && !(attribute == Some("tool_call") && start.tool_call_id.is_none());
    if !opens && start.agent.is_none() {
        return None;
    }
    let mut child_session = None;
    *context = std::mem::take(context).with_ambient(|ambient| {
        if let Some(agent) = &start.agent {
            ambient.agent = Some(agent.clone());
        }
        match attribute {
            Some("agent" | "operation" | "run") => ambient.open_session(),
            Some("subagent") => {
                let cell = Arc::new(OnceLock::new());
                ambient.parent_session_id = ambient.session_id.take();
                ambient.child_session = Some(cell.clone());
                child_session = Some(cell);
            }
            Some("iteration") => ambient.iteration = start.iteration,
            Some("tool_call") => ambient.tool_call_id.clone_from(&start.tool_call_id),
            _ => {}
        }
    });
    child_session
}
