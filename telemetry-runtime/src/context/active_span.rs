//! A span's place in its trace: its ids, the spans around it, and what was recorded for it.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::observer::Observers;
use crate::ids::SpanIds;
use crate::registry::SpanSite;
use crate::secrets::{self, SecretSet, Secrets, TraceSecrets};
use crate::value::Captured;

/// What a span is within its trace, from its beginning to its end.
#[derive(Clone, Copy)]
pub(crate) struct SpanPlace {
    pub(crate) ids: SpanIds,
    pub(crate) site: &'static SpanSite,
    pub(crate) depth: u32,
    /// The sampling decision, if there is one.
    pub(crate) sampled: Option<bool>,
}

impl SpanPlace {
    /// Where a single event is that is emitted inside the span.
    pub(crate) fn of_event(self) -> EventPlace {
        EventPlace { span: Some(self.ids), depth: self.depth + 1 }
    }
}

/// The span that a single event belongs to, and how many observed spans are around the event.
#[derive(Clone, Copy)]
pub(crate) struct EventPlace {
    pub(crate) span: Option<SpanIds>,
    pub(crate) depth: u32,
}

/// One span of a trace, linked to the spans around it that are open: contexts share it.
pub(crate) struct ActiveSpan {
    pub(crate) place: SpanPlace,
    pub(crate) observers: Observers,
    /// The nearest around it that was open when it began, or when it ended; the outermost has none.
    parent: Mutex<Option<Arc<ActiveSpan>>>,
    ended: AtomicBool,
    /// Whether `records` has any.
    recorded: AtomicBool,
    records: Mutex<Vec<(&'static str, Captured<'static>)>>,
    /// The secrets of the whole trace, once they are asked for.
    trace: OnceLock<Arc<TraceSecrets>>,
}

impl ActiveSpan {
    /// A new span within another, which is open. Memory of a span that ended before is used again.
    pub(crate) fn open(
        place: SpanPlace,
        parent: Option<Arc<Self>>,
        observers: Observers,
        caller: Option<&Arc<TraceSecrets>>,
    ) -> Arc<Self> {
        let trace = OnceLock::new();
        let known = match &parent {
            // Found by one step while the parent is at hand, should a secret be looked for.
            Some(parent) if secrets::any_alive() => Some(parent.trace().clone()),
            Some(_) => None,
            None => caller.cloned(),
        };
        if let Some(known) = known {
            let _ = trace.set(known);
        }
        if let Some(mut spare) = take_spare()
            && let Some(node) = Arc::get_mut(&mut spare)
        {
            node.place = place;
            *node.parent.get_mut().unwrap_or_else(PoisonError::into_inner) = parent;
            if observers.is_some() {
                node.observers = observers;
            }
            node.trace = trace;
            *node.ended.get_mut() = false;
            return spare;
        }
        Arc::new(Self {
            place,
            observers,
            parent: Mutex::new(parent),
            ended: AtomicBool::new(false),
            recorded: AtomicBool::new(false),
            records: Mutex::default(),
            trace,
        })
    }

    /// This one or the nearest around it that is open, else the outermost, which has its trace's secrets.
    pub(crate) fn still_open(mut node: Arc<Self>) -> Arc<Self> {
        while node.ended.load(Ordering::Relaxed)
            && let Some(parent) = node.parent()
        {
            node = parent;
        }
        node
    }

    /// Notes that it has ended, and keeps its memory if it is not shared.
    ///
    /// One that others still look at lets go of those around it that have ended: a chain of tasks, each
    /// begun within the one before, keeps those that are open in memory, and the first.
    pub(crate) fn close(mut node: Arc<Self>) {
        if let Some(unique) = Arc::get_mut(&mut node) {
            let parent = unique.take_parent();
            let observers = unique.observers.take();
            *unique.recorded.get_mut() = false;
            unique.records.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
            unique.trace = OnceLock::new();
            keep_spare(node);
            drop((observers, parent));
            return;
        }
        node.ended.store(true, Ordering::Relaxed);
        if let Some(parent) = node.parent() {
            let open = Self::still_open(parent);
            let before = node.lock_parent().replace(open);
            // Outside of the lock.
            drop(before);
        }
    }

    fn lock_parent(&self) -> MutexGuard<'_, Option<Arc<Self>>> {
        self.parent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn parent(&self) -> Option<Arc<Self>> {
        self.lock_parent().clone()
    }

    fn take_parent(&mut self) -> Option<Arc<Self>> {
        self.parent.get_mut().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// This one and those around it, outwards.
    fn around(self: &Arc<Self>) -> impl Iterator<Item = Arc<Self>> {
        std::iter::successors(Some(self.clone()), |node| node.parent())
    }

    /// The nearest open span of that kind: this one or one around it.
    pub(crate) fn nearest(self: &Arc<Self>, site: &SpanSite) -> Option<Arc<Self>> {
        self.around().find(|node| std::ptr::eq(node.place.site, site) && !node.ended.load(Ordering::Relaxed))
    }

    /// Adds a key to its stop.
    pub(crate) fn record(&self, key: &'static str, value: Captured<'static>) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        // Recorded again and again, a key keeps one value.
        match records.iter_mut().find(|record| record.0 == key) {
            Some(record) => record.1 = value,
            None => records.push((key, value)),
        }
        self.recorded.store(true, Ordering::Release);
    }

    /// Whether something was recorded: a look without the lock.
    #[inline]
    pub(crate) fn has_records(&self) -> bool {
        self.recorded.load(Ordering::Acquire)
    }

    /// What was recorded so far.
    pub(crate) fn take_records(&self) -> Vec<(&'static str, Captured<'static>)> {
        std::mem::take(&mut *self.records.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The secrets of the trace, which the outermost span made and all others share.
    fn trace(self: &Arc<Self>) -> &Arc<TraceSecrets> {
        if let Some(trace) = self.trace.get() {
            return trace;
        }
        let mut path: Vec<Arc<Self>> = Vec::new();
        let mut trace = None;
        for node in self.around().skip(1) {
            trace = node.trace.get().cloned();
            if trace.is_some() {
                break;
            }
            path.push(node);
        }
        // Two threads that get here at once agree on what the outermost span has.
        for node in path.iter().rev() {
            trace = Some(node.trace.get_or_init(|| trace.unwrap_or_default()).clone());
        }
        self.trace.get_or_init(|| trace.unwrap_or_default())
    }

    /// Makes secrets known to the whole trace.
    pub(crate) fn add_secrets(self: &Arc<Self>, added: &Secrets) {
        self.trace().add(added.set());
    }

    /// The secrets of the trace.
    pub(crate) fn secrets(self: &Arc<Self>) -> Option<Arc<SecretSet>> {
        self.trace().known()
    }
}

/// One after the other: those around it are dropped without using stack for each.
impl Drop for ActiveSpan {
    fn drop(&mut self) {
        let mut around = self.take_parent();
        while let Some(mut node) = around.and_then(Arc::into_inner) {
            around = node.take_parent();
        }
    }
}

thread_local! {
    static SPARE: RefCell<Vec<Arc<ActiveSpan>>> = const { RefCell::new(Vec::new()) };
}

/// How many ended spans a thread keeps for use again.
const SPARES: usize = 16;

/// An ended span's node, to be used again.
fn take_spare() -> Option<Arc<ActiveSpan>> {
    SPARE.try_with(|spare| spare.try_borrow_mut().ok()?.pop()).ok().flatten()
}

/// Keeps an ended span's node for use again.
fn keep_spare(node: Arc<ActiveSpan>) {
    let _ = SPARE.try_with(|spare| {
        if let Ok(mut spare) = spare.try_borrow_mut()
            && spare.len() < SPARES
        {
            spare.push(node);
        }
    });
}
