//! Counts as a provider gives them.

/// One count of a provider's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Input,
    Output,
    CacheRead,
    CacheWrite,
    Reasoning,
    AudioInput,
    AudioOutput,
    Total,
    /// Input that was not in a cache.
    Uncached,
    /// What hosted tools added to the input, beside it.
    ToolInput,
}

const SLOTS: usize = 10;

/// Whether a part is counted within its whole, or beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The total decides.
    #[default]
    Unknown,
    /// Within, by this form's documentation.
    Within,
    /// Beside, unless the total contradicts it.
    Beside,
    /// Beside, even if the total contradicts it.
    Always,
}

/// The counts as they were given.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    pub(super) slots: [Option<u64>; SLOTS],
    pub(super) cost: Option<f64>,
    pub(super) cache: Place,
    pub(super) reasoning: Place,
}

impl Counts {
    pub(super) fn get(&self, slot: Slot) -> Option<u64> {
        self.slots[slot as usize]
    }

    /// The count of a part: a library that does not know it writes 0.
    pub(super) fn part(&self, slot: Slot) -> Option<u64> {
        self.get(slot).filter(|count| *count > 0)
    }

    pub(super) fn says_something(&self) -> bool {
        self.cost.is_some() || self.slots.iter().any(Option::is_some)
    }

    /// The later count wins, but a 0 never replaces what is known.
    pub(super) fn merge(&self, later: &Self) -> Self {
        let mut slots = self.slots;
        for (slot, later) in slots.iter_mut().zip(later.slots) {
            *slot = later.filter(|count| *count > 0).or(*slot).or(later);
        }
        Self {
            slots,
            cost: later.cost.or(self.cost),
            cache: self.cache.max(later.cache),
            reasoning: self.reasoning.max(later.reasoning),
        }
    }
}
