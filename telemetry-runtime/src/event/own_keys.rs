//! The user's own keys of a context: a list that grows at its head and shares the rest.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use crate::value::{Captured, CapturedValue, Value};

/// Keys and values, in the order in which they were set. Setting one costs the same however many there are.
#[derive(Clone, Default)]
pub(crate) struct OwnKeys(Option<Arc<Head>>);

struct Head {
    newest: Arc<Entry>,
    /// Each key once, with its last value; made when it is first asked for.
    distinct: OnceLock<Vec<Arc<Entry>>>,
}

struct Entry {
    key: Cow<'static, str>,
    /// Absent where the key was removed.
    value: Arc<Captured<'static>>,
    before: Option<Arc<Entry>>,
    /// How many entries there are up to this one.
    length: usize,
    /// How many there were when those that are replaced were last left out.
    kept: usize,
}

impl OwnKeys {
    /// Sets a key; an absent value removes it.
    pub(crate) fn set(&mut self, key: Cow<'static, str>, value: Captured<'static>) {
        if matches!(value, CapturedValue::Absent) && self.0.is_none() {
            return;
        }
        let value = Arc::new(value);
        let newest = self.0.as_ref().map(|head| &head.newest);
        let entry = match newest {
            // Keys that are set again and again do not pile up.
            Some(newest) if newest.length > 2 * newest.kept + 16 => {
                let mut before: Option<Arc<Entry>> = None;
                let mut length = 0;
                for entry in self.entries() {
                    if entry.key == key {
                        continue;
                    }
                    length += 1;
                    let (key, value) = (entry.key.clone(), entry.value.clone());
                    before = Some(Arc::new(Entry { key, value, before, length, kept: 0 }));
                }
                Entry { key, value, before, length: length + 1, kept: length + 1 }
            }
            Some(newest) => {
                let (length, kept) = (newest.length + 1, newest.kept);
                Entry { key, value, before: Some(newest.clone()), length, kept }
            }
            None => Entry { key, value, before: None, length: 1, kept: 1 },
        };
        self.0 = Some(Arc::new(Head { newest: Arc::new(entry), distinct: OnceLock::new() }));
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<Value<'_>> {
        let newest = self.0.as_ref().map(|head| &*head.newest);
        let mut entries = std::iter::successors(newest, |entry| entry.before.as_deref());
        entries.find(|entry| entry.key == key)?.value.value()
    }

    /// Each key with its value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.entries().iter().filter_map(|entry| Some((&*entry.key, entry.value.value()?)))
    }

    fn entries(&self) -> &[Arc<Entry>] {
        let Some(head) = &self.0 else { return &[] };
        head.distinct.get_or_init(|| {
            let mut seen = HashSet::new();
            let mut distinct: Vec<Arc<Entry>> = Vec::new();
            let mut next = Some(&head.newest);
            while let Some(entry) = next {
                if seen.insert(&*entry.key) && !matches!(*entry.value, CapturedValue::Absent) {
                    distinct.push(entry.clone());
                }
                next = entry.before.as_ref();
            }
            distinct.reverse();
            distinct
        })
    }
}

/// One after the other: a long list is dropped without using stack for each.
impl Drop for Entry {
    fn drop(&mut self) {
        let mut before = self.before.take();
        while let Some(mut entry) = before.and_then(Arc::into_inner) {
            before = entry.before.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(keys: &OwnKeys) -> Vec<(String, String)> {
        keys.iter().map(|(key, value)| (key.to_owned(), value.to_string())).collect()
    }

    fn set(keys: &mut OwnKeys, key: &'static str, value: u64) {
        keys.set(key.into(), CapturedValue::U64(value));
    }

    #[test]
    fn the_last_value_of_a_key_counts_and_stands_last() {
        let mut keys = OwnKeys::default();
        set(&mut keys, "a", 1);
        set(&mut keys, "b", 2);
        let before = keys.clone();
        set(&mut keys, "a", 3);
        keys.set("b".into(), CapturedValue::Absent);
        assert_eq!(shown(&keys), [("a".to_owned(), "3".to_owned())]);
        assert!(keys.get("b").is_none() && before.get("b").is_some());
        assert_eq!(shown(&before).len(), 2);
    }

    #[test]
    fn a_key_that_is_set_again_and_again_takes_no_more_room() {
        let mut keys = OwnKeys::default();
        set(&mut keys, "kept", 0);
        for n in 0..10_000 {
            set(&mut keys, "step", n);
            let length = keys.0.as_ref().map_or(0, |head| head.newest.length);
            assert!(length < 64, "{length}");
        }
        assert_eq!(keys.get("kept").unwrap(), 0);
        assert_eq!(keys.get("step").unwrap(), 9_999);
    }

    #[test]
    fn a_list_of_any_length_is_dropped() {
        let mut keys = OwnKeys::default();
        for n in 0..200_000_u32 {
            keys.set(n.to_string().into(), CapturedValue::U64(n.into()));
        }
        assert_eq!(keys.iter().count(), 200_000);
    }
}
