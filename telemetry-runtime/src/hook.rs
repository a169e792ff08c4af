//! Following execution from outside: for bridges to other tracing systems.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;

use crate::context::{Context, SpanObserver};
use crate::event::Event;
use crate::handler::AttachError;
use crate::ids::{SpanId, SpanIds, TraceId};
use crate::panics;
use crate::registry::{self, SpanSite};

/// Follows every observed span as it is opened, entered, left and ended, and every single event.
///
/// Handlers see events; a hook sees execution, which a bridge needs so that its own spans are
/// current while the work runs, on whichever thread that is. It is asked about each span that
/// opens, and may say who that is and give a [`SpanObserver`] for it.
///
/// A hook that panics is ignored for that call.
pub trait SpanHook: Send + Sync + 'static {
    /// A span is about to open, in the thread where its work will first run.
    fn on_start(&self, start: &SpanStart<'_>) -> StartedSpan {
        let _ = start;
        StartedSpan::default()
    }

    /// A single event was emitted, and all handlers have seen it. The events of spans do not come
    /// here.
    fn on_event(&self, event: &Event<'_>) {
        let _ = event;
    }
}

/// What a hook says of a span that opens.
#[derive(Default)]
pub struct StartedSpan {
    /// What overrides its parent, its ids, and whether it is sampled.
    pub identity: SpanIdentity,
    /// What follows it.
    pub observer: Option<Arc<dyn SpanObserver>>,
}

/// A span that is about to open.
pub struct SpanStart<'a> {
    pub(crate) site: &'static SpanSite,
    pub(crate) agent: Option<&'a str>,
    /// The text of a key given at its start.
    pub(crate) text: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) context: &'a Context,
    pub(crate) identity: SpanIdentity,
    pub(crate) system_time: u64,
}

impl SpanStart<'_> {
    /// What its event names begin with: `condukt.llm_turn`.
    pub fn prefix(&self) -> &'static str {
        self.site.prefix
    }

    /// The context it opens in.
    pub fn context(&self) -> &Context {
        self.context
    }

    /// What it would be, as decided so far: the parent is the current span, or that of another
    /// process.
    pub fn identity(&self) -> SpanIdentity {
        self.identity
    }

    /// The parent, if it is a span of this process.
    pub fn local_parent(&self) -> Option<SpanIds> {
        self.context.span()
    }

    /// When it opens, in nanoseconds since the Unix epoch.
    pub fn system_time(&self) -> u64 {
        self.system_time
    }

    /// The agent's name, with no secret in it: its own, else that of the context.
    pub fn agent(&self) -> Option<Cow<'_, str>> {
        let agent = self.agent.or(self.context.agent())?;
        Some(self.context.scrub(agent))
    }

    /// The text of a key given at its start, with no secret in it.
    pub fn text(&self, key: &str) -> Option<String> {
        Some(self.context.scrub((self.text)(key)?).into_owned())
    }
}

/// Who a span is. What is none is decided by others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpanIdentity {
    /// The span around it.
    pub parent: Option<(TraceId, SpanId)>,
    /// Its trace.
    pub trace_id: Option<TraceId>,
    /// Its own id.
    pub id: Option<SpanId>,
    /// Whether it will be kept where it is exported to; other processes are told.
    pub sampled: Option<bool>,
}

impl SpanIdentity {
    /// This, overridden by what another says.
    pub(crate) fn or_as(self, said: Self) -> Self {
        Self {
            parent: said.parent.or(self.parent),
            trace_id: said.trace_id.or(self.trace_id),
            id: said.id.or(self.id),
            sampled: said.sampled.or(self.sampled),
        }
    }
}

/// The hooks with their ids. Changes happen under this lock; looking takes none.
static INSTALLED: Mutex<Vec<(Arc<str>, Arc<dyn SpanHook>)>> = Mutex::new(Vec::new());
static HOOKS: ArcSwapOption<Vec<Arc<dyn SpanHook>>> = ArcSwapOption::const_empty();
/// Whether there are any: a look without a guard.
static HOOKED: AtomicBool = AtomicBool::new(false);

/// The hooks, if there are any.
#[inline]
pub(crate) fn all() -> Option<Arc<Vec<Arc<dyn SpanHook>>>> {
    if HOOKED.load(Ordering::Relaxed) { HOOKS.load_full() } else { None }
}

/// Tells the hooks of a single event.
pub(crate) fn tell(hooks: Option<&Vec<Arc<dyn SpanHook>>>, event: &Event<'_>) {
    for hook in hooks.into_iter().flatten() {
        let _ = panics::contain(|| hook.on_event(event));
    }
}

/// Installs a span hook. See [`SpanHook`].
///
/// # Errors
/// When a hook of that id is installed.
pub fn attach_hook(id: &str, hook: impl SpanHook) -> Result<(), AttachError> {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if installed.iter().any(|(known, _)| **known == *id) {
        return Err(AttachError::AlreadyAttached(id.to_owned()));
    }
    installed.push((id.into(), Arc::new(hook)));
    let before = publish(&installed);
    drop(installed);
    drop(before);
    Ok(())
}

/// Removes a span hook. Spans that are open keep their observers to their end.
///
/// # Errors
/// When no hook of that id is installed.
pub fn detach_hook(id: &str) -> Result<(), AttachError> {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(index) = installed.iter().position(|(known, _)| **known == *id) else {
        return Err(AttachError::NotAttached(id.to_owned()));
    };
    let removed = installed.remove(index);
    let before = publish(&installed);
    drop(installed);
    drop((before, removed));
    Ok(())
}

/// Publishes the list of hooks, and returns the one before, which is dropped outside of the lock.
fn publish(installed: &[(Arc<str>, Arc<dyn SpanHook>)]) -> Option<Arc<Vec<Arc<dyn SpanHook>>>> {
    let hooks: Vec<_> = installed.iter().map(|(_, hook)| hook.clone()).collect();
    let some = !hooks.is_empty();
    let before = HOOKS.swap(some.then(|| Arc::new(hooks)));
    HOOKED.store(some, Ordering::Release);
    registry::set_hooked(some);
    before
}
