//! Which handlers there are, and which callsites they make interesting.
//!
//! All changes happen under one lock and end in a new handler list for each callsite; emitting reads
//! those lists and takes no lock. Lists and handlers are dropped after the lock is released, since
//! dropping a handler runs the user's code.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use telemetry_catalogue::Phase;

use crate::callsite::{CONTEXT, EventSite, HANDLED, HOOKED, SCOPED, SpanSite, UNREGISTERED};
use crate::handler::{AttachError, Attached, Handler, HandlerInfo};
use crate::hooks::SpanHook;
use crate::name::{IntoPatterns, Pattern};
use crate::{panics, sites};

/// The handlers of one event, in the order they were attached.
pub(crate) type HandlerList = Vec<Arc<Attached>>;

struct Registry {
    handlers: HandlerList,
    hooks: Vec<(Arc<str>, Arc<dyn SpanHook>)>,
    /// How many contexts with handlers of their own are alive.
    scoped: usize,
    spans: Vec<&'static SpanSite>,
    events: Vec<&'static EventSite>,
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry {
    handlers: Vec::new(),
    hooks: Vec::new(),
    scoped: 0,
    spans: Vec::new(),
    events: Vec::new(),
});

/// All handlers, for names made at run time; none for no handlers.
static ALL: ArcSwapOption<HandlerList> = ArcSwapOption::const_empty();
/// All hooks.
static HOOKS: ArcSwapOption<Vec<Arc<dyn SpanHook>>> = ArcSwapOption::const_empty();
/// Whether there are any: a look without a guard.
static HOOKED_AT_ALL: AtomicBool = AtomicBool::new(false);

fn lock() -> MutexGuard<'static, Registry> {
    let mut registry = REGISTRY.lock().unwrap_or_else(PoisonError::into_inner);
    if registry.spans.is_empty() {
        registry.spans.extend(sites::SPANS);
        registry.events.extend(sites::EVENTS);
    }
    registry
}

/// What is dropped once the lock is released.
type Dropped = Vec<Option<Arc<HandlerList>>>;

impl Registry {
    /// Gives every callsite its list and its interest anew.
    fn publish(&self) -> Dropped {
        let mut dropped = Dropped::new();
        dropped.push(ALL.swap((!self.handlers.is_empty()).then(|| Arc::new(self.handlers.clone()))));
        for site in &self.spans {
            self.publish_span(site, &mut dropped);
        }
        for site in &self.events {
            self.publish_event(site, &mut dropped);
        }
        dropped
    }

    fn publish_span(&self, site: &SpanSite, dropped: &mut Dropped) {
        let mut interest = self.interest(site.opens_context());
        for event in site.events() {
            if self.publish_list(event, dropped) {
                interest |= HANDLED;
            }
        }
        site.interest.store(interest, Ordering::Release);
    }

    fn publish_event(&self, site: &EventSite, dropped: &mut Dropped) {
        let mut interest = self.interest(false);
        if self.publish_list(site, dropped) {
            interest |= HANDLED;
        }
        site.interest.store(interest, Ordering::Release);
    }

    fn publish_list(&self, event: &EventSite, dropped: &mut Dropped) -> bool {
        let list: HandlerList =
            self.handlers.iter().filter(|handler| handler.sees(event.name)).cloned().collect();
        let some = !list.is_empty();
        dropped.push(event.handlers.swap(some.then(|| Arc::new(list))));
        some
    }

    fn interest(&self, opens_context: bool) -> u8 {
        let mut interest = 0;
        if self.scoped > 0 {
            interest |= SCOPED;
        }
        if !self.hooks.is_empty() {
            interest |= HOOKED;
        }
        if opens_context && (!self.handlers.is_empty() || self.scoped > 0) {
            interest |= CONTEXT;
        }
        interest
    }
}

#[cold]
pub(crate) fn register_span(site: &'static SpanSite) -> u8 {
    let mut registry = lock();
    let mut dropped = Dropped::new();
    if site.interest.load(Ordering::Relaxed) & UNREGISTERED != 0 {
        if !registry.spans.iter().any(|known| std::ptr::eq(*known, site)) {
            registry.spans.push(site);
        }
        registry.publish_span(site, &mut dropped);
    }
    drop(registry);
    drop(dropped);
    site.interest.load(Ordering::Relaxed)
}

#[cold]
pub(crate) fn register_event(site: &'static EventSite) -> u8 {
    let mut registry = lock();
    let mut dropped = Dropped::new();
    if site.interest.load(Ordering::Relaxed) & UNREGISTERED != 0 {
        if !registry.events.iter().any(|known| std::ptr::eq(*known, site)) {
            registry.events.push(site);
        }
        registry.publish_event(site, &mut dropped);
    }
    drop(registry);
    drop(dropped);
    site.interest.load(Ordering::Relaxed)
}

/// The handlers of an event that has no callsite.
pub(crate) fn all() -> Option<Arc<HandlerList>> {
    ALL.load_full()
}

/// The hooks, if there are any.
#[inline]
pub(crate) fn hooks() -> Option<Arc<Vec<Arc<dyn SpanHook>>>> {
    if HOOKED_AT_ALL.load(Ordering::Relaxed) { HOOKS.load_full() } else { None }
}

/// Attaches a handler to one event name or pattern, or to many.
///
/// It runs in the emitting thread, after those attached before it. An event that several of its
/// patterns select is given to it once. With no pattern nothing is attached, and the id stays free.
///
/// ```
/// use telemetry_runtime::{Event, attach, detach, event_names};
///
/// attach("audit", event_names!["condukt.agent.*", "condukt.tool_call.stop"], |event: &Event<'_>| {
///     println!("{}", event.name());
/// })?;
/// detach("audit")?;
/// # Ok::<(), telemetry_runtime::AttachError>(())
/// ```
///
/// # Errors
/// When a handler of that id is attached, to whatever events.
pub fn attach(id: &str, events: impl IntoPatterns, handler: impl Handler) -> Result<(), AttachError> {
    add(id, events.into_patterns(), Box::new(handler))
}

fn add(id: &str, patterns: Vec<Pattern>, handler: Box<dyn Handler>) -> Result<(), AttachError> {
    let attached = Attached::new(id, patterns, handler);
    let mut registry = lock();
    if registry.handlers.iter().any(|known| *known.id == *id) {
        return Err(AttachError::AlreadyAttached(id.to_owned()));
    }
    if attached.patterns.is_empty() {
        return Ok(());
    }
    panics::install_hook();
    registry.handlers.push(Arc::new(attached));
    let dropped = registry.publish();
    drop(registry);
    drop(dropped);
    Ok(())
}

/// Detaches a handler from all its events. A dispatch that is under way still gives it its event.
///
/// # Errors
/// When no handler of that id is attached.
pub fn detach(id: &str) -> Result<(), AttachError> {
    if remove(|attached| *attached.id == *id) { Ok(()) } else { Err(AttachError::NotAttached(id.to_owned())) }
}

/// Detaches the handler of that serial number, if it still is attached.
pub(crate) fn remove_failed(failed: &Attached) {
    remove(|attached| attached.serial == failed.serial);
}

fn remove(which: impl Fn(&Attached) -> bool) -> bool {
    let mut registry = lock();
    let Some(index) = registry.handlers.iter().position(|attached| which(attached)) else {
        return false;
    };
    let removed = registry.handlers.remove(index);
    let dropped = registry.publish();
    drop(registry);
    drop(dropped);
    drop(removed);
    true
}

/// The handlers that would see some event of that name or under that prefix; `""` is above all.
/// Those of a [`Context`](crate::Context) are not among them.
pub fn list_handlers(prefix: &str) -> Vec<HandlerInfo> {
    let registry = lock();
    registry
        .handlers
        .iter()
        .filter(|handler| handler.patterns.iter().any(|pattern| pattern.reaches(prefix)))
        .map(|handler| HandlerInfo { id: handler.id.to_string(), patterns: handler.patterns.clone() })
        .collect()
}

/// Installs a span hook. See [`SpanHook`].
///
/// # Errors
/// When a hook of that id is installed.
pub fn attach_hook(id: &str, hook: impl SpanHook) -> Result<(), AttachError> {
    let mut registry = lock();
    if registry.hooks.iter().any(|(known, _)| **known == *id) {
        return Err(AttachError::AlreadyAttached(id.to_owned()));
    }
    registry.hooks.push((id.into(), Arc::new(hook)));
    publish_hooks(registry);
    Ok(())
}

/// Removes a span hook. Spans that are open keep their observers to their end.
///
/// # Errors
/// When no hook of that id is installed.
pub fn detach_hook(id: &str) -> Result<(), AttachError> {
    let mut registry = lock();
    let Some(index) = registry.hooks.iter().position(|(known, _)| **known == *id) else {
        return Err(AttachError::NotAttached(id.to_owned()));
    };
    let removed = registry.hooks.remove(index);
    publish_hooks(registry);
    drop(removed);
    Ok(())
}

fn publish_hooks(registry: MutexGuard<'_, Registry>) {
    let hooks: Vec<_> = registry.hooks.iter().map(|(_, hook)| hook.clone()).collect();
    let some = !hooks.is_empty();
    let before = HOOKS.swap(some.then(|| Arc::new(hooks)));
    HOOKED_AT_ALL.store(some, Ordering::Release);
    let dropped = registry.publish();
    drop(registry);
    drop((before, dropped));
}

/// The handlers of a context, with those of the contexts it was made from.
pub(crate) struct ScopedHandlers {
    pub(crate) list: HandlerList,
}

impl ScopedHandlers {
    pub(crate) fn joined(
        above: Option<&Arc<Self>>,
        patterns: Vec<Pattern>,
        handler: Box<dyn Handler>,
    ) -> Arc<Self> {
        panics::install_hook();
        let mut list = above.map(|above| above.list.clone()).unwrap_or_default();
        list.push(Arc::new(Attached::new("", patterns, handler)));
        let mut registry = lock();
        registry.scoped += 1;
        let dropped = if registry.scoped == 1 { registry.publish() } else { Dropped::new() };
        drop(registry);
        drop(dropped);
        Arc::new(Self { list })
    }

    /// Whether one of them sees one of a span's events.
    pub(crate) fn see(&self, site: &SpanSite) -> bool {
        Phase::ALL.iter().any(|phase| {
            let name = site.event(*phase).name;
            self.list.iter().any(|handler| handler.sees(name))
        })
    }
}

impl Drop for ScopedHandlers {
    fn drop(&mut self) {
        let mut registry = lock();
        registry.scoped -= 1;
        let dropped = if registry.scoped == 0 { registry.publish() } else { Dropped::new() };
        drop(registry);
        drop(dropped);
    }
}
