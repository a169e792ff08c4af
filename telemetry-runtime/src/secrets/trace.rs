//! The secrets of a trace.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use super::secret::Secret;
use super::set::{REMEMBERED, SecretSet};

/// The secrets known to a trace so far. They may come out of any of its spans, also after the context that brought
/// them is gone; so the trace remembers some that nothing else holds, and forgets the oldest of those.
#[derive(Default)]
pub(crate) struct TraceSecrets(ArcSwapOption<SecretSet>);

impl TraceSecrets {
    /// Adds secrets. One that is known by name and value is not added again.
    pub(crate) fn add(&self, added: &Arc<SecretSet>) {
        self.0.rcu(|known| match known {
            None => Some(added.clone()),
            Some(known) => Some(joined(known, added)),
        });
    }

    /// The secrets so far.
    pub(crate) fn known(&self) -> Option<Arc<SecretSet>> {
        self.0.load_full()
    }
}

fn joined(known: &Arc<SecretSet>, added: &Arc<SecretSet>) -> Arc<SecretSet> {
    let new: Vec<Arc<Secret>> = known.new_in(&added.entries).cloned().collect();
    if new.is_empty() {
        return known.clone();
    }
    // The set's own references.
    let own = 1 + usize::from(known.searcher.get().is_some());
    let mut forgotten = 0;
    let mut entries = new;
    for secret in &known.entries {
        if Arc::strong_count(secret) <= own {
            forgotten += 1;
            if forgotten > REMEMBERED {
                continue;
            }
        }
        entries.push(secret.clone());
    }
    Arc::new(SecretSet::new(entries))
}
