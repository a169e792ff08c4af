//! The shared values that the model's events refer to.

use std::collections::HashMap;

use telemetry_runtime::recording::{Content, Hash};

/// Values by name, each with how many events and lists need it.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    held: HashMap<Hash, (Content, u32)>,
    bytes: usize,
}

/// What the map needs for an entry.
const ENTRY: usize = 96;

impl Contents {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn contains(&self, hash: Hash) -> bool {
        self.held.contains_key(&hash)
    }

    pub(super) fn get(&self, hash: Hash) -> Option<&Content> {
        self.held.get(&hash).map(|(content, _)| content)
    }

    /// Keeps a value, which nothing needs yet. False where the list that it goes on from is not there.
    pub(super) fn insert(&mut self, hash: Hash, content: Content) -> bool {
        if self.contains(hash) {
            return true;
        }
        if let Some(after) = content.after() {
            match self.held.get_mut(&after) {
                Some((_, users)) => *users += 1,
                None => return false,
            }
        }
        self.bytes += content.text().len() + ENTRY;
        self.held.insert(hash, (content, 0));
        true
    }

    /// Notes that one more event needs it.
    pub(super) fn retain(&mut self, hash: Hash) {
        if let Some((_, users)) = self.held.get_mut(&hash) {
            *users += 1;
        }
    }

    /// Notes that one event less needs it, and forgets what nothing needs any more.
    pub(super) fn release(&mut self, hash: Hash) {
        let mut next = Some(hash);
        while let Some(hash) = next {
            let Some((_, users)) = self.held.get_mut(&hash) else { return };
            *users = users.saturating_sub(1);
            if *users > 0 {
                return;
            }
            let gone = self.held.remove(&hash).map(|(content, _)| content);
            self.bytes -= gone.as_ref().map_or(0, |content| content.text().len() + ENTRY);
            next = gone.and_then(|content| content.after());
        }
    }
}
