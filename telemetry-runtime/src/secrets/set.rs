//! Secrets that are looked for together.

use std::sync::{Arc, OnceLock};

use super::search::Searcher;
use super::secret::Secret;
use crate::value::Json;

/// Secrets that are looked for together. What looks for them is made once.
#[derive(Default)]
pub(crate) struct SecretSet {
    /// Later ones first.
    pub(super) entries: Vec<Arc<Secret>>,
    pub(super) searcher: OnceLock<Searcher>,
}

impl SecretSet {
    pub(super) fn new(entries: Vec<Arc<Secret>>) -> Self {
        Self { entries, searcher: OnceLock::new() }
    }

    /// These and the added ones, which come first under a common name.
    pub(super) fn joined(&self, added: &Self) -> Self {
        let mut entries = added.entries.clone();
        for known in &self.entries {
            if !entries.iter().any(|entry| entry.is_same(known)) {
                entries.push(known.clone());
            }
        }
        Self::new(entries)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn searcher(&self) -> &Searcher {
        self.searcher.get_or_init(|| Searcher::new(&self.entries))
    }

    /// The tree without them; `None` if it holds none of them.
    pub(crate) fn scrubbed_tree(&self, tree: &Json) -> Option<Json> {
        self.searcher().tree(tree)
    }

    /// The text without them; `None` if it holds none of them.
    pub(crate) fn scrubbed(&self, text: &str) -> Option<String> {
        self.searcher().text(text)
    }
}
