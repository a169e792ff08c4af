//! The model, while events come in and pages follow it.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use telemetry_runtime::Queue;
use tokio::sync::watch;

use crate::model::Model;

/// A model that is served while events come in.
#[derive(Debug)]
pub(crate) struct Shared {
    model: Mutex<Model>,
    pub(super) changed: watch::Sender<()>,
    /// Distinguishes this model's revisions from those of another.
    pub(super) instance: String,
    /// The queue through which the events come, if one does.
    queue: OnceLock<Queue>,
}

impl Shared {
    pub(crate) fn new(model: Model) -> Arc<Self> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let instance = format!("{:x}{:x}", std::process::id(), since.as_nanos());
        Arc::new(Self {
            model: Mutex::new(model),
            changed: watch::Sender::new(()),
            instance,
            queue: OnceLock::new(),
        })
    }

    pub(crate) fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the queue through which the events come.
    pub(crate) fn comes_through(&self, queue: Queue) {
        let _ = self.queue.set(queue);
    }

    /// Notes what the queue has dropped.
    pub(crate) fn note_dropped(&self) {
        if let Some(queue) = self.queue.get() {
            self.model().set_dropped(queue.dropped());
        }
    }

    /// Changes the model and notifies the pages.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Model)) {
        change(&mut self.model());
        self.changed.send_replace(());
    }
}
