//! Where the keys of an event come from.

use std::sync::LazyLock;

use telemetry_catalogue::{ContextKey, EXCEPTION, STOP, documented_keys};

use smallvec::SmallVec;

use super::context_keys::ContextKeys;
use crate::value::{Field, Json, StopValue, Value};

type Map = serde_json::Map<String, Json>;

/// One source of keys and values.
#[derive(Clone, Copy)]
pub(crate) enum FieldSource<'a> {
    Values(&'a [(&'a str, Value<'a>)]),
    Captured(&'a [Field<'a>]),
    Stop(&'a [(&'static str, StopValue<'a>)]),
    Map(&'a Map),
    /// Made when a handler reads them.
    Late(&'a (dyn LateFields + 'a)),
}

/// Keys and values that are made when a handler reads them.
pub(crate) trait LateFields {
    /// The value of a key.
    fn get(&self, key: &str) -> Option<Value<'_>>;

    /// The key and value at a position.
    fn at(&self, index: usize) -> Option<(&str, Value<'_>)>;

    /// The event's description.
    fn description(&self) -> Option<&str>;
}

impl<'a> FieldSource<'a> {
    pub(crate) const NONE: FieldSource<'static> = FieldSource::Values(&[]);

    pub(super) fn get(self, key: &str) -> Option<Value<'a>> {
        match self {
            Self::Values(entries) => find(entries, key).copied(),
            Self::Captured(entries) => find(entries, key)?.value(),
            Self::Stop(entries) => find(entries, key)?.value(),
            Self::Map(map) => map.get(key).map(Value::Json),
            Self::Late(fields) => fields.get(key),
        }
    }

    #[inline]
    pub(crate) fn iter(self) -> Fields<'a> {
        Fields { source: self, map: if let Self::Map(map) = self { Some(map.iter()) } else { None }, next: 0 }
    }

    /// How many there are, if that is known without making them.
    fn len(self) -> usize {
        match self {
            Self::Values(entries) => entries.len(),
            Self::Captured(entries) => entries.len(),
            Self::Stop(entries) => entries.len(),
            Self::Map(map) => map.len(),
            Self::Late(_) => 0,
        }
    }
}

/// The keys of one source with their values.
pub(crate) struct Fields<'a> {
    source: FieldSource<'a>,
    /// A map has no positions.
    map: Option<serde_json::map::Iter<'a>>,
    next: usize,
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a str, Value<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let at = self.next;
            self.next += 1;
            let (key, value) = match self.source {
                FieldSource::Values(entries) => return entries.get(at).copied(),
                FieldSource::Late(fields) => return fields.at(at),
                FieldSource::Map(_) => {
                    let (key, value) = self.map.as_mut()?.next()?;
                    return Some((key, Value::Json(value)));
                }
                FieldSource::Captured(entries) => {
                    entries.get(at).map(|(key, value)| (*key, value.value()))?
                }
                FieldSource::Stop(entries) => entries.get(at).map(|(key, value)| (*key, value.value()))?,
            };
            // One that is absent is passed over.
            if let Some(value) = value {
                return Some((key, value));
            }
        }
    }
}

fn find<'e, V>(entries: &'e [(&str, V)], key: &str) -> Option<&'e V> {
    entries.iter().find(|entry| entry.0 == key).map(|entry| &entry.1)
}

/// Metadata in priority order: event, span start, context. Merged only when a handler reads it, so that unread
/// events cost no copying.
#[derive(Clone, Copy)]
pub(crate) struct LayeredFields<'a> {
    /// Whether the event is a documented one: then what was captured at the start under a key of its end is the user's.
    pub(crate) is_documented: bool,
    /// The context, and which of its documented keys the event shows. The user's own keys in it replace no
    /// other key.
    pub(crate) context: Option<(&'a ContextKeys, &'static [ContextKey])>,
    /// What was captured at the span's start, which replaces what the context has.
    pub(crate) start: &'a [Field<'a>],
    /// What the event itself was given, which replaces both.
    pub(crate) given: FieldSource<'a>,
}

impl<'a> LayeredFields<'a> {
    pub(crate) fn of(given: FieldSource<'a>) -> Self {
        Self { is_documented: false, context: None, start: &[], given }
    }

    pub(super) fn of_context(self, key: &str) -> Option<Value<'a>> {
        let (known, keys) = self.context?;
        known.get(*keys.iter().find(|known| known.as_str() == key)?)
    }

    pub(super) fn user_keys(self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        self.context.into_iter().flat_map(|(known, _)| known.own.iter())
    }

    /// What was given, or else captured, of a key.
    pub(super) fn explicit(self, key: &str) -> Option<Value<'a>> {
        self.given.get(key).or_else(|| find(self.start, key)?.value())
    }

    pub(super) fn documented(self, key: &str) -> Option<Value<'a>> {
        self.explicit(key).or_else(|| self.of_context(key))
    }

    pub(crate) fn get(self, key: &str) -> Option<Value<'a>> {
        self.documented(key)
            .or_else(|| self.context?.0.own.get(key))
            .or_else(|| self.set_aside().find(|(known, _)| *known == key).map(|(_, value)| value))
    }

    /// Each key once, in the order of the layers, with the value that replaces the others. Keys of the user's own that
    /// the end has too come last, under the name that [`beside`] gives them.
    pub(crate) fn merged(self) -> Vec<(&'a str, Value<'a>)> {
        let keys = self.context.map_or(&[][..], |(_, keys)| keys);
        let mut merged = Vec::with_capacity(keys.len() + self.start.len() + self.given.len());
        let mut aside: SmallVec<[(&'a str, Value<'a>); 2]> = SmallVec::new();
        if let Some((known, keys)) = self.context {
            merged.extend(keys.iter().filter_map(|key| Some((key.as_str(), known.get(*key)?))));
        }
        for (key, held) in self.start {
            if let Some(value) = held.value() {
                replace(&mut merged, key, value);
            }
        }
        for (key, value) in self.given.iter() {
            if let Some(replaced) = replace(&mut merged, key, value)
                && find(self.start, key).is_some()
                && (self.is_documented || is_ending(key))
                && let Some(name) = beside(key)
            {
                aside.push((name, replaced));
            }
        }
        // The user's own keys are distinct already; each is compared with the others alone.
        let others = merged.len();
        for (key, value) in self.user_keys() {
            if find(&merged[..others], key).is_none() {
                merged.push((key, value));
            } else if self.is_set_aside(key)
                && let Some(name) = beside(key)
            {
                aside.push((name, value));
            }
        }
        merged.extend(aside);
        merged
    }

    /// Whether a key of the user's own in the context, whose name is taken, stands beside it.
    fn is_set_aside(self, key: &str) -> bool {
        let is_twice = find(self.start, key).is_some() && self.given.get(key).is_some();
        (self.is_documented || is_ending(key)) && !is_twice
    }

    /// The keys of the user's own whose names the event needs itself.
    fn set_aside(self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let start = self.start.iter().filter_map(move |(key, held)| {
            let is_own = self.is_documented || is_ending(key);
            (is_own && self.given.get(key).is_some()).then_some(())?;
            Some((beside(key)?, held.value()?))
        });
        let context = self.user_keys().filter_map(move |(key, value)| {
            let is_taken = self.documented(key).is_some() && self.is_set_aside(key);
            if is_taken { Some((beside(key)?, value)) } else { None }
        });
        start.chain(context)
    }
}

/// Sets a key, and returns the value it had.
fn replace<'a>(merged: &mut Vec<(&'a str, Value<'a>)>, key: &'a str, value: Value<'a>) -> Option<Value<'a>> {
    match merged.iter_mut().find(|entry| entry.0 == key) {
        Some(entry) => Some(std::mem::replace(&mut entry.1, value)),
        None => {
            merged.push((key, value));
            None
        }
    }
}

/// Whether the end of every span has that key.
fn is_ending(key: &str) -> bool {
    STOP.iter().chain(EXCEPTION).any(|field| field.key == key)
}

/// The name that a key of the user's own has where the event needs its name itself: `fields.kind` for `kind`. `None` for
/// a key that is not documented.
pub(crate) fn beside(key: &str) -> Option<&'static str> {
    static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let mut names: Vec<String> = documented_keys().map(|key| format!("{PREFIX}{key}")).collect();
        names.sort();
        names.dedup();
        names
    });
    let at = NAMES.binary_search_by(|name| name[PREFIX.len()..].cmp(key)).ok()?;
    Some(&NAMES[at])
}

/// What a key of the user's own begins with where its name is taken.
const PREFIX: &str = "fields.";
