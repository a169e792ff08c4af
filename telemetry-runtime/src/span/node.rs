//! A span's place in its trace: who it is, what is around it, and what others tell it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::callsite::SpanSite;
use crate::hooks::Followers;
use crate::ids::SpanIds;
use crate::local;
use crate::secrets::Secrets;
use crate::value::Captured;

/// One span of a trace, linked to the spans around it that are open.
pub(crate) struct Node {
    pub(crate) ids: SpanIds,
    pub(crate) site: &'static SpanSite,
    pub(crate) depth: u32,
    pub(crate) followers: Followers,
    /// Whether whoever exports it keeps it, if anybody said.
    pub(crate) sampled: Option<bool>,
    parent: Option<Arc<Node>>,
    ended: AtomicBool,
    /// Whether `records` has any.
    recorded: AtomicBool,
    records: Mutex<Vec<(&'static str, Captured<'static>)>>,
    /// Of the outermost span: the secrets of the whole trace.
    secrets: Mutex<Option<Secrets>>,
}

impl Node {
    /// A new span within another. Memory of a span that ended before is used again.
    pub(crate) fn open(
        ids: SpanIds,
        site: &'static SpanSite,
        within: Option<Arc<Self>>,
        followers: Followers,
        sampled: Option<bool>,
    ) -> Arc<Self> {
        let parent = Self::still_open(within);
        let depth = parent.as_ref().map_or(0, |parent| parent.depth + 1);
        if let Some(mut spare) = local::take_spare()
            && let Some(node) = Arc::get_mut(&mut spare)
        {
            (node.ids, node.site, node.depth, node.parent) = (ids, site, depth, parent);
            (node.followers, node.sampled) = (followers, sampled);
            *node.ended.get_mut() = false;
            return spare;
        }
        Arc::new(Self {
            ids,
            site,
            depth,
            followers,
            sampled,
            parent,
            ended: AtomicBool::new(false),
            recorded: AtomicBool::new(false),
            records: Mutex::default(),
            secrets: Mutex::default(),
        })
    }

    /// The nearest span around that is open, else the outermost: a task that outlives its spans
    /// keeps two of them in memory at most, and its trace's secrets.
    fn still_open(within: Option<Arc<Self>>) -> Option<Arc<Self>> {
        let mut node = within?;
        while node.ended.load(Ordering::Relaxed)
            && let Some(parent) = &node.parent
        {
            node = parent.clone();
        }
        Some(node)
    }

    /// Notes that it has ended, and keeps its memory if nobody else looks at it.
    pub(crate) fn close(mut node: Arc<Self>) {
        match Arc::get_mut(&mut node) {
            Some(unique) => {
                let parent = unique.parent.take();
                let followers = std::mem::take(&mut unique.followers);
                *unique.recorded.get_mut() = false;
                unique.records.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
                *unique.secrets.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
                local::keep_spare(node);
                drop((followers, parent));
            }
            None => node.ended.store(true, Ordering::Relaxed),
        }
    }

    fn around(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |node| node.parent.as_deref())
    }

    /// The nearest open span of that kind: this one or one around it.
    pub(crate) fn nearest(&self, site: &SpanSite) -> Option<&Self> {
        self.around().find(|node| std::ptr::eq(node.site, site) && !node.ended.load(Ordering::Relaxed))
    }

    fn root(&self) -> &Self {
        self.around().last().unwrap_or(self)
    }

    /// Adds a key to its stop.
    pub(crate) fn record(&self, key: &'static str, value: Captured<'static>) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.push((key, value));
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

    /// Makes secrets known to the whole trace.
    pub(crate) fn add_secrets(&self, added: &Secrets) {
        let mut secrets = self.root().secrets.lock().unwrap_or_else(PoisonError::into_inner);
        *secrets = Some(match secrets.take() {
            Some(known) => known.joined(added),
            None => added.clone(),
        });
    }

    /// The secrets of the trace.
    pub(crate) fn secrets(&self) -> Option<Secrets> {
        self.root().secrets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
