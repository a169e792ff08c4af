//! The attached handlers, and the callsites that they enable.
//!
//! All changes happen under one lock and end in a new handler list for each callsite; emitting reads
//! those lists and takes no lock. Lists and handlers are dropped after the lock is released, since
//! dropping a handler runs the user's code.

mod callsite;
pub mod documented;
mod scoped;
mod sites;

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;

use self::sites::{Site, Sites};
use crate::event::{IntoPatterns, Pattern};
use crate::handler::{AttachError, Attached, Attachment, Handler, HandlerInfo, HandlerList, Needs};
use crate::panics;

pub(crate) use callsite::{CONTEXT, HANDLED, HOOKED, SCOPED, UNREGISTERED};
pub use callsite::{EventSite, SpanSite};
pub(crate) use scoped::ScopedHandlers;

pub(crate) struct Registry {
    handlers: HandlerList,
    /// What the span hooks need, if there are any.
    hooks: Option<Needs>,
    /// How many contexts with handlers of their own are alive.
    scoped: usize,
    sites: Sites,
}

static REGISTRY: Mutex<Registry> =
    Mutex::new(Registry { handlers: Vec::new(), hooks: None, scoped: 0, sites: Sites::new() });

/// All handlers, for names made at run time; `None` for no handlers.
static ALL: ArcSwapOption<HandlerList> = ArcSwapOption::const_empty();
fn lock() -> MutexGuard<'static, Registry> {
    let mut registry = REGISTRY.lock().unwrap_or_else(PoisonError::into_inner);
    registry.sites.add_documented();
    registry
}

/// What is dropped once the lock is released.
pub(crate) type Dropped = Vec<Option<Arc<HandlerList>>>;

impl Registry {
    /// Gives every callsite its lists and its interest anew.
    fn publish_all(&self) -> Dropped {
        let mut dropped = Dropped::new();
        for site in self.sites.all() {
            self.publish(*site, &mut dropped);
        }
        dropped
    }

    fn publish(&self, site: Site, dropped: &mut Dropped) {
        match site {
            Site::Span(site) => site.publish(self, dropped),
            Site::Event(site) => site.publish(self, dropped),
        }
    }

    /// After a handler of those patterns was added or removed.
    fn publish_selected(&self, patterns: &[Pattern]) -> Dropped {
        let mut dropped = Dropped::new();
        dropped.push(ALL.swap((!self.handlers.is_empty()).then(|| Arc::new(self.handlers.clone()))));
        for site in self.sites.selected(patterns) {
            self.publish(site, &mut dropped);
        }
        // The first and the last handler turn the spans on and off that others take their context from.
        if self.handlers.len() <= 1 {
            for site in documented::SPANS.iter().filter(|site| site.opens_context()) {
                self.refresh(Site::Span(site), &mut dropped);
            }
        }
        dropped
    }

    /// After contexts with handlers of their own have come or gone.
    fn publish_scoped(&self) -> Dropped {
        let mut dropped = Dropped::new();
        for site in self.sites.all() {
            self.refresh(*site, &mut dropped);
        }
        dropped
    }

    /// Gives a callsite its interest anew, whose handlers have not changed.
    fn refresh(&self, site: Site, dropped: &mut Dropped) {
        let (word, opens_context) = match site {
            Site::Span(site) => (&site.interest, site.opens_context()),
            Site::Event(site) => (&site.interest, false),
        };
        let before = word.load(Ordering::Relaxed);
        if before & UNREGISTERED == 0 {
            word.store(self.interest(opens_context) | before & HANDLED, Ordering::Release);
        } else {
            self.publish(site, dropped);
        }
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
        if self.hooks.is_some() {
            interest |= HOOKED;
        }
        if opens_context && (!self.handlers.is_empty() || self.scoped > 0) {
            interest |= CONTEXT;
        }
        interest
    }
}

/// A callsite that the registry keeps up to date.
pub(crate) trait Callsite: 'static {
    /// Its interest word: see `HANDLED` and its neighbours.
    fn word(&self) -> &AtomicU8;

    /// The callsite, to be listed on its first use; `None` if it is listed from the start.
    fn listed(&'static self) -> Option<Site>;

    /// Gives it its lists and its interest anew.
    fn publish(&self, registry: &Registry, dropped: &mut Dropped);
}

impl Callsite for SpanSite {
    fn word(&self) -> &AtomicU8 {
        &self.interest
    }

    fn listed(&'static self) -> Option<Site> {
        self.spec.is_none().then_some(Site::Span(self))
    }

    fn publish(&self, registry: &Registry, dropped: &mut Dropped) {
        let mut interest = registry.interest(self.opens_context());
        let sees = |handler: &&Arc<Attached>| self.events().iter().any(|event| handler.sees(event.name));
        let needs = registry.handlers.iter().filter(sees).map(|handler| handler.needs);
        let needs = needs.chain(registry.hooks).fold(Needs::NONE, Needs::and);
        self.needed.store(needs.bits(), Ordering::Relaxed);
        for event in self.events() {
            if registry.publish_list(event, dropped) {
                interest |= HANDLED;
            }
        }
        self.interest.store(interest, Ordering::Release);
    }
}

impl Callsite for EventSite {
    fn word(&self) -> &AtomicU8 {
        &self.interest
    }

    fn listed(&'static self) -> Option<Site> {
        self.category.is_none().then_some(Site::Event(self))
    }

    fn publish(&self, registry: &Registry, dropped: &mut Dropped) {
        let mut interest = registry.interest(false);
        if registry.publish_list(self, dropped) {
            interest |= HANDLED;
        }
        self.interest.store(interest, Ordering::Release);
    }
}

/// The interest word of a callsite; its first use registers it.
#[inline]
pub(crate) fn interest<S: Callsite>(site: &'static S) -> u8 {
    let interest = site.word().load(Ordering::Relaxed);
    if interest & UNREGISTERED == 0 { interest } else { register(site) }
}

#[cold]
fn register<S: Callsite>(site: &'static S) -> u8 {
    let mut registry = lock();
    let mut dropped = Dropped::new();
    if site.word().load(Ordering::Relaxed) & UNREGISTERED != 0 {
        if let Some(site) = site.listed() {
            registry.sites.add(site);
        }
        site.publish(&registry, &mut dropped);
    }
    drop(registry);
    drop(dropped);
    site.word().load(Ordering::Relaxed)
}

/// Notes what the span hooks need, if there are any.
pub(crate) fn set_hooks(needs: Option<Needs>) {
    let mut registry = lock();
    registry.hooks = needs;
    let dropped = registry.publish_all();
    drop(registry);
    drop(dropped);
}

/// The handlers of an event that has no callsite.
pub(crate) fn all() -> Option<Arc<HandlerList>> {
    ALL.load_full()
}

/// Attaches a handler to one event name or pattern, or to many.
///
/// It runs in the emitting thread, after those attached before it. An event that several of its
/// patterns select is delivered once. Without a pattern nothing is attached, and the id stays free.
/// It stays attached if the returned [`Attachment`] is dropped.
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
/// If a handler of that id is attached, to any event.
pub fn attach(id: &str, events: impl IntoPatterns, handler: impl Handler) -> Result<Attachment, AttachError> {
    add(id, events.into_patterns(), Box::new(handler))
}

fn add(id: &str, patterns: Vec<Pattern>, handler: Box<dyn Handler>) -> Result<Attachment, AttachError> {
    let attached = Attached::new(id, patterns, handler);
    let attachment = Attachment::new(id, attached.serial, remove_serial);
    let mut registry = lock();
    if registry.handlers.iter().any(|known| *known.id == *id) {
        return Err(AttachError::AlreadyAttached(id.to_owned()));
    }
    if attached.patterns.is_empty() {
        return Ok(attachment);
    }
    panics::install_hook();
    let attached = Arc::new(attached);
    registry.handlers.push(attached.clone());
    let dropped = registry.publish_selected(&attached.patterns);
    drop(registry);
    drop(dropped);
    Ok(attachment)
}

/// Detaches a handler from all its events. A dispatch that is under way still gives it its event.
///
/// # Errors
/// If no handler of that id is attached.
pub fn detach(id: &str) -> Result<(), AttachError> {
    if remove(|attached| *attached.id == *id) { Ok(()) } else { Err(AttachError::NotAttached(id.to_owned())) }
}

/// Detaches the handler of that serial number, and returns whether it was attached.
pub(crate) fn remove_serial(serial: u64) -> bool {
    remove(|attached| attached.serial == serial)
}

fn remove(which: impl Fn(&Attached) -> bool) -> bool {
    let mut registry = lock();
    let Some(index) = registry.handlers.iter().position(|attached| which(attached)) else {
        return false;
    };
    let removed = registry.handlers.remove(index);
    let dropped = registry.publish_selected(&removed.patterns);
    drop(registry);
    drop(dropped);
    drop(removed);
    true
}

/// Lists the handlers that would receive an event of that name or under that prefix; `""` lists all.
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
