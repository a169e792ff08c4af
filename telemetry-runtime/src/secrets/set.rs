//! Secrets that are looked for together.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use super::search::Searcher;
use super::secret::Secret;
use crate::value::Json;

/// How many secrets are remembered that code can no longer read: they may still come out of what was read before.
pub(super) const REMEMBERED: usize = 64;

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

    /// These and the added ones, which come first under a common name. Of those that have another's name, and so can no longer
    /// be read, the newest are kept.
    pub(super) fn joined(&self, added: &Self) -> Self {
        let mut names: HashSet<&str> = added.entries.iter().map(|secret| &*secret.name).collect();
        let mut unreadable = 0;
        let mut entries = added.entries.clone();
        for known in added.new_in(&self.entries) {
            if !names.insert(&known.name) {
                unreadable += 1;
                if unreadable > REMEMBERED {
                    continue;
                }
            }
            entries.push(known.clone());
        }
        Self::new(entries)
    }

    /// Those of some secrets that are not in this set, by name and value.
    pub(super) fn new_in<'s>(&self, secrets: &'s [Arc<Secret>]) -> impl Iterator<Item = &'s Arc<Secret>> {
        let known: HashSet<(&str, &str)> = self.entries.iter().map(|known| known.content()).collect();
        secrets.iter().filter(move |secret| !known.contains(&secret.content()))
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
