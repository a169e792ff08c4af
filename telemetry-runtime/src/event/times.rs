//! The times and counts that are measured of every event of its kind.

use crate::clock::Moment;

/// What is measured of an event, in nanoseconds. It is made of clock moments when a handler reads it.
#[derive(Clone, Copy)]
pub(crate) enum Times<'a> {
    /// An event without a time of its own.
    None,
    /// A single event: its `system_time`.
    Event(Moment),
    /// A span's start: `system_time` and `monotonic_time`.
    Start(Moment),
    /// A span's stop or exception: `duration` and `monotonic_time`, and what a stream counted.
    End(&'a End),
}

/// The end of a span.
#[derive(Clone, Copy)]
pub(crate) struct End {
    pub(crate) started: Moment,
    pub(crate) ended: Moment,
    pub(crate) items: Option<u64>,
    pub(crate) first_item: Option<Moment>,
    pub(crate) first_token: Option<Moment>,
}

/// All keys, in the order in which events show them.
const KEYS: [&str; 6] =
    ["system_time", "duration", "monotonic_time", "items", "time_to_first_item", "time_to_first_token"];

impl Times<'_> {
    pub(super) fn get(self, key: &str) -> Option<u64> {
        match self {
            Self::Event(at) | Self::Start(at) if key == "system_time" => Some(at.wall()),
            Self::Start(at) if key == "monotonic_time" => Some(at.nanos()),
            Self::End(end) => end.get(key),
            Self::None | Self::Event(_) | Self::Start(_) => None,
        }
    }

    pub(super) fn iter(self) -> impl Iterator<Item = (&'static str, u64)> {
        KEYS.iter().filter_map(move |key| Some((*key, self.get(key)?)))
    }
}

impl End {
    fn get(&self, key: &str) -> Option<u64> {
        let since = |moment: Moment| moment.since(self.started);
        match key {
            "duration" => Some(since(self.ended)),
            "monotonic_time" => Some(self.ended.nanos()),
            "items" => self.items,
            "time_to_first_item" => self.first_item.map(since),
            "time_to_first_token" => self.first_token.map(since),
            _ => None,
        }
    }
}
