//! Putting the names of secrets where their values stand, in texts and trees.

use std::borrow::Cow;
use std::collections::HashMap;

use super::decode::byte_of;
use super::readings::{self, Found};
use super::search::{Hit, Searcher};
use crate::value::Json;

type Map = serde_json::Map<String, Json>;

/// What stands for a text that would take too long to search.
const GIVEN_UP: &str = "[REDACTED]";

impl Searcher {
    fn placeholder(&self, secret: usize) -> String {
        format!("[REDACTED:{}]", self.secret(secret).name)
    }

    /// Scrubs a text; `None` if there is nothing to scrub.
    pub(crate) fn text(&self, text: &str) -> Option<String> {
        let hits = match readings::find(self, text.as_bytes()) {
            Found::Nothing => return None,
            Found::TooMuch => return Some(GIVEN_UP.to_owned()),
            Found::Places(hits) => hits,
        };
        let mut scrubbed = Vec::new();
        let mut done = 0;
        for Hit { place, secret } in hits {
            scrubbed.extend_from_slice(&text.as_bytes()[done..place.start]);
            scrubbed.extend_from_slice(self.placeholder(secret).as_bytes());
            done = place.end;
        }
        scrubbed.extend_from_slice(&text.as_bytes()[done..]);
        // It is UTF-8: what is replaced begins and ends where characters do.
        Some(
            String::from_utf8(scrubbed)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        )
    }

    /// Scrubs a tree; `None` if there is nothing to scrub.
    pub(crate) fn tree(&self, tree: &Json) -> Option<Json> {
        match tree {
            Json::Number(number) if self.numeric => self.text(&number.to_string()).map(Json::String),
            Json::Null | Json::Bool(_) | Json::Number(_) => None,
            Json::String(text) => self.text(text).map(Json::String),
            Json::Array(items) => self.array(items).map(Json::Array),
            Json::Object(map) => self.map(map).map(Json::Object),
        }
    }

    /// Scrubs a map, keys too. Keys that become one are numbered.
    fn map(&self, map: &Map) -> Option<Map> {
        let mut changed = false;
        let mut note = |scrubbed: bool| changed |= scrubbed;
        let entries: Vec<(Cow<'_, str>, Cow<'_, Json>)> = map
            .iter()
            .map(|(key, value)| {
                let key = self.text(key).map_or(Cow::Borrowed(&**key), Cow::Owned);
                let value = self.tree(value).map_or(Cow::Borrowed(value), Cow::Owned);
                note(matches!(key, Cow::Owned(_)) || matches!(value, Cow::Owned(_)));
                (key, value)
            })
            .collect();
        if !changed {
            return None;
        }
        let mut scrubbed = Map::new();
        let mut numbers = KeyDedup::default();
        for (key, value) in entries {
            let is_taken = |key: &str| scrubbed.contains_key(key) || map.contains_key(key);
            let key = match key {
                Cow::Borrowed(key) => key.to_owned(),
                Cow::Owned(key) => numbers.free(key, is_taken),
            };
            scrubbed.insert(key, value.into_owned());
        }
        Some(scrubbed)
    }

    /// Scrubs a list, of which a part may spell a text out: in bytes, or single characters.
    fn array(&self, items: &[Json]) -> Option<Vec<Json>> {
        let mut scrubbed: Option<Vec<Json>> = None;
        let mut at = 0;
        while at < items.len() {
            let spelled = CharList::at(items, at);
            if spelled.items == 0 {
                self.items(items, at..at + 1, &mut scrubbed);
                at += 1;
                continue;
            }
            let end = at + spelled.items;
            let mut done = at;
            let hits = match readings::find(self, &spelled.bytes) {
                Found::Nothing => Vec::new(),
                Found::Places(hits) => hits,
                Found::TooMuch => {
                    scrubbed.get_or_insert_with(|| items[..at].to_vec()).push(GIVEN_UP.into());
                    at = end;
                    continue;
                }
            };
            for Hit { place, secret } in hits {
                let (first, last) = (at + spelled.item[place.start], at + spelled.item[place.end - 1]);
                // Two secrets may share an item, which is replaced once.
                self.items(items, done..first.max(done), &mut scrubbed);
                let out = scrubbed.get_or_insert_with(|| items[..first].to_vec());
                let placeholder = self.placeholder(secret);
                if spelled.as_bytes {
                    out.extend(placeholder.bytes().map(Json::from));
                } else {
                    out.extend(placeholder.chars().map(|c| Json::String(c.into())));
                }
                done = last + 1;
            }
            self.items(items, done..end, &mut scrubbed);
            at = end;
        }
        scrubbed
    }

    /// Scrubs items that spell nothing out: each for itself.
    fn items(&self, items: &[Json], part: std::ops::Range<usize>, scrubbed: &mut Option<Vec<Json>>) {
        for at in part {
            match (self.tree(&items[at]), &mut *scrubbed) {
                (Some(item), _) => scrubbed.get_or_insert_with(|| items[..at].to_vec()).push(item),
                (None, Some(out)) => out.push(items[at].clone()),
                (None, None) => {}
            }
        }
    }
}

/// Numbers keys that redaction has made equal.
#[derive(Default)]
pub(crate) struct KeyDedup(HashMap<String, u64>);

impl KeyDedup {
    /// The key, with a number if it is taken.
    pub(crate) fn free(&mut self, key: String, is_taken: impl Fn(&str) -> bool) -> String {
        if !is_taken(&key) {
            return key;
        }
        let number = self.0.entry(key.clone()).or_insert(1);
        loop {
            *number += 1;
            let free = format!("{key}#{number}");
            if !is_taken(&free) {
                return free;
            }
        }
    }
}

/// The part of a list that spells a text out.
struct CharList {
    bytes: Vec<u8>,
    /// In which item of the part each byte is.
    item: Vec<usize>,
    /// How many items; 0 if the first is nothing of that kind.
    items: usize,
    as_bytes: bool,
}

impl CharList {
    fn at(items: &[Json], start: usize) -> Self {
        let as_bytes = items[start].is_number();
        let mut list = Self { bytes: Vec::new(), item: Vec::new(), items: 0, as_bytes };
        for item in &items[start..] {
            match item {
                Json::Number(number) if as_bytes => {
                    let Some(byte) = number.as_i64().and_then(byte_of) else { break };
                    list.bytes.push(byte);
                }
                Json::String(text) if !as_bytes && text.chars().nth(1).is_none() => {
                    list.bytes.extend_from_slice(text.as_bytes());
                }
                _ => break,
            }
            list.item.resize(list.bytes.len(), list.items);
            list.items += 1;
        }
        list
    }
}
