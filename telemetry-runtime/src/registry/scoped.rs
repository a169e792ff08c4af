//! Handlers that a context brings along.

use std::sync::Arc;

use telemetry_catalogue::Phase;

use super::callsite::SpanSite;
use super::{Dropped, lock};
use crate::event::Pattern;
use crate::handler::{Attached, Handler, HandlerList, Needs};
use crate::panics;

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
        let dropped = if registry.scoped == 1 { registry.publish_scoped() } else { Dropped::new() };
        drop(registry);
        drop(dropped);
        Arc::new(Self { list })
    }

    /// What they need of a span's events.
    pub(crate) fn needs(&self) -> Needs {
        self.list.iter().map(|handler| handler.needs).fold(Needs::NONE, Needs::and)
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
        let dropped = if registry.scoped == 0 { registry.publish_scoped() } else { Dropped::new() };
        drop(registry);
        drop(dropped);
    }
}
