//! Following execution: for bridges to other tracing systems.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;

use crate::clock::Moment;
use crate::context::Context;
use crate::event::Event;
use crate::handler::{AttachError, Attachment, Needs};
use crate::ids::{SpanId, SpanIds, TraceId};
use crate::panics;
use crate::registry::{self, SpanSite};

pub use crate::context::SpanObserver;

/// Follows every observed span as it starts, is entered, left and ended, and every single event.
///
/// Handlers see events; a hook sees execution. A bridge to another tracing system needs that, so that its own
/// spans are current while the work runs, on each thread it runs on. A hook is called for each span that starts;
/// it may assign the span's ids and return a [`SpanObserver`] for it.
///
/// A hook that panics is ignored for that call.
///
/// ```
/// use telemetry_runtime::{SpanHook, SpanObserver, SpanStart, StartedSpan, attach_hook};
///
/// struct Trace;
/// struct Entered(&'static str);
///
/// impl SpanHook for Trace {
///     fn on_start(&self, start: &SpanStart<'_>) -> StartedSpan {
///         StartedSpan::default().with_observer(Entered(start.prefix()))
///     }
/// }
///
/// impl SpanObserver for Entered {
///     fn on_enter(&self) {
///         println!("enter {}", self.0);
///     }
///
///     fn on_exit(&self) {
///         println!("exit {}", self.0);
///     }
/// }
///
/// let _guard = attach_hook("trace", Trace)?.detach_on_drop();
/// # Ok::<(), telemetry_runtime::AttachError>(())
/// ```
pub trait SpanHook: Send + Sync + 'static {
    /// A span is about to start, in the thread where its work will first run.
    fn on_start(&self, start: &SpanStart<'_>) -> StartedSpan {
        let _ = start;
        StartedSpan::default()
    }

    /// The metadata keys that it and its observers may read, asked once when it is attached. By default all. See
    /// [`Handler::needs`](crate::Handler::needs).
    fn needs(&self) -> Needs {
        Needs::ALL
    }

    /// A single event was emitted, and all handlers have seen it. The events of spans do not come
    /// here.
    fn on_event(&self, event: &Event<'_>) {
        let _ = event;
    }
}

/// What a hook returns for a span that starts.
///
/// ```
/// use telemetry_runtime::{SpanIdentity, SpanObserver, StartedSpan, TraceId};
///
/// struct Current;
/// impl SpanObserver for Current {}
///
/// let trace_id = TraceId::parse("0af7651916cd43dd8448eb211c80319c").unwrap();
/// let started = StartedSpan::default()
///     .with_identity(SpanIdentity::default().with_trace_id(trace_id))
///     .with_observer(Current);
/// assert_eq!(started.identity.trace_id, Some(trace_id));
/// ```
#[derive(Default)]
#[non_exhaustive]
pub struct StartedSpan {
    /// The ids that the hook assigns.
    pub identity: SpanIdentity,
    /// Follows the span to its end.
    pub observer: Option<Arc<dyn SpanObserver>>,
}

impl StartedSpan {
    /// Returns this with the ids that the hook assigns.
    #[must_use]
    pub fn with_identity(self, identity: SpanIdentity) -> Self {
        Self { identity, ..self }
    }

    /// Returns this with an observer, which follows the span to its end.
    #[must_use]
    pub fn with_observer(self, observer: impl SpanObserver) -> Self {
        Self { observer: Some(Arc::new(observer)), ..self }
    }
}

/// A span that is about to start.
///
/// ```
/// use telemetry_runtime::{SpanHook, SpanStart, StartedSpan};
///
/// struct Print;
///
/// impl SpanHook for Print {
///     fn on_start(&self, start: &SpanStart<'_>) -> StartedSpan {
///         println!("{} {:?} {:?}", start.prefix(), start.agent(), start.text("tool"));
///         StartedSpan::default()
///     }
/// }
/// ```
pub struct SpanStart<'a> {
    pub(crate) site: &'static SpanSite,
    pub(crate) agent: Option<&'a str>,
    /// The text of a key given at its start.
    pub(crate) text: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) context: &'a Context,
    pub(crate) identity: SpanIdentity,
    pub(crate) started: Moment,
}

impl SpanStart<'_> {
    /// The start of its event names: `condukt.llm_turn`.
    pub fn prefix(&self) -> &'static str {
        self.site.prefix
    }

    /// The context it starts in.
    pub fn context(&self) -> &Context {
        self.context
    }

    /// The ids assigned so far, by hooks attached earlier. The parent is the current span, or a span of another
    /// process.
    pub fn identity(&self) -> SpanIdentity {
        self.identity
    }

    /// The parent, if it is a span of this process.
    pub fn local_parent(&self) -> Option<SpanIds> {
        self.context.span()
    }

    /// The time of its start, in nanoseconds since the Unix epoch.
    pub fn system_time(&self) -> u64 {
        self.started.wall()
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

/// Ids a hook assigns to a span. A `None` field is filled in by the next hook, then by the library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpanIdentity {
    /// The span around it.
    pub parent: Option<(TraceId, SpanId)>,
    /// Its trace.
    pub trace_id: Option<TraceId>,
    /// Its own id.
    pub id: Option<SpanId>,
    /// The sampling decision, which is passed on to other processes.
    pub sampled: Option<bool>,
}

impl SpanIdentity {
    /// Returns this with a parent: the span around it, perhaps in another process.
    #[must_use]
    pub fn with_parent(self, trace_id: TraceId, span_id: SpanId) -> Self {
        Self { parent: Some((trace_id, span_id)), ..self }
    }

    /// Returns this with a trace id.
    #[must_use]
    pub fn with_trace_id(self, trace_id: TraceId) -> Self {
        Self { trace_id: Some(trace_id), ..self }
    }

    /// Returns this with a span id.
    #[must_use]
    pub fn with_id(self, id: SpanId) -> Self {
        Self { id: Some(id), ..self }
    }

    /// Returns this with a sampling decision.
    #[must_use]
    pub fn with_sampled(self, sampled: bool) -> Self {
        Self { sampled: Some(sampled), ..self }
    }

    /// Returns this with each field that `given` has.
    pub(crate) fn or_as(self, given: Self) -> Self {
        Self {
            parent: given.parent.or(self.parent),
            trace_id: given.trace_id.or(self.trace_id),
            id: given.id.or(self.id),
            sampled: given.sampled.or(self.sampled),
        }
    }
}

/// A hook with its id.
struct Installed {
    id: Box<str>,
    serial: u64,
    needs: Needs,
    hook: Arc<dyn SpanHook>,
}

/// What emitting looks at.
pub(crate) type Hooks = Vec<Arc<dyn SpanHook>>;

/// The hooks with their ids. Changes happen under this lock; emitting takes no lock.
static INSTALLED: Mutex<Vec<Installed>> = Mutex::new(Vec::new());
static HOOKS: ArcSwapOption<Hooks> = ArcSwapOption::const_empty();
/// Whether there are any: one relaxed load.
static HOOKED: AtomicBool = AtomicBool::new(false);

/// Whether there are hooks.
#[inline]
pub(crate) fn any() -> bool {
    HOOKED.load(Ordering::Relaxed)
}

/// The hooks, if there are any.
#[inline]
pub(crate) fn all() -> Option<Arc<Hooks>> {
    if any() { HOOKS.load_full() } else { None }
}

/// Calls the hooks with a single event.
pub(crate) fn tell(hooks: Option<&Hooks>, event: &Event<'_>) {
    for hook in hooks.into_iter().flatten() {
        let _ = panics::contain(|| hook.on_event(event));
    }
}

/// Installs a span hook. See [`SpanHook`].
///
/// # Errors
/// If a hook of that id is installed.
pub fn attach_hook(id: &str, hook: impl SpanHook) -> Result<Attachment, AttachError> {
    static SERIAL: AtomicU64 = AtomicU64::new(1);
    let needs = panics::contain(|| hook.needs()).unwrap_or(Needs::ALL);
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if installed.iter().any(|known| *known.id == *id) {
        return Err(AttachError::AlreadyAttached(id.to_owned()));
    }
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    installed.push(Installed { id: id.into(), serial, needs, hook: Arc::new(hook) });
    let before = publish(&installed);
    drop(installed);
    drop(before);
    Ok(Attachment::new(id, serial, |serial| remove(|installed| installed.serial == serial)))
}

/// Removes a span hook. Spans that are open keep their observers to their end.
///
/// # Errors
/// If no hook of that id is installed.
pub fn detach_hook(id: &str) -> Result<(), AttachError> {
    if remove(|installed| *installed.id == *id) {
        Ok(())
    } else {
        Err(AttachError::NotAttached(id.to_owned()))
    }
}

fn remove(which: impl Fn(&Installed) -> bool) -> bool {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(index) = installed.iter().position(which) else { return false };
    let removed = installed.remove(index);
    let before = publish(&installed);
    drop(installed);
    drop((before, removed));
    true
}

/// Publishes the list of hooks, and returns the one before, which is dropped outside of the lock.
fn publish(installed: &[Installed]) -> Option<Arc<Hooks>> {
    let hooks: Vec<_> = installed.iter().map(|installed| installed.hook.clone()).collect();
    let some = !hooks.is_empty();
    let before = HOOKS.swap(some.then(|| Arc::new(hooks)));
    HOOKED.store(some, Ordering::Release);
    let needs = installed.iter().map(|installed| installed.needs).reduce(Needs::and);
    registry::set_hooks(needs);
    before
}
