//! Finding secrets in what events hold, however they are written, and putting their names there.
//!
//! A text is searched as it is and as each of several readings of it: backslash escapes undone,
//! percent-encoding undone, base64 decoded at each alignment, lists of bytes and characters put
//! together; and readings of readings. A reading knows for each of its bytes where in the text it
//! came from, so what is found there is replaced here. All places are found before any is replaced.
//!
//! Most text has nothing to decode and is only searched as it is. What has is decoded piece by
//! piece, so that a text of any size takes little memory.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Range;

use memchr::memmem::Finder;

use super::decode::{
    DecodedText, SourceMap, base64_decoded, byte_of, digit, escaped_length, listed, percent_decoded,
    unescaped,
};
use crate::value::{Json, Lazy, Tree, Value};

type Map = serde_json::Map<String, Json>;

/// How many readings deep a text is searched: JSON within a query string within JSON.
const MAX_READINGS: u32 = 3;
/// How many bytes are decoded at a time, at least.
const PIECE: usize = 64 * 1024;
/// How many bytes one byte of a secret may take where it is encoded: `%5Cu0061`, and more.
const EXPANSION: usize = 24;

/// Replaces secrets by their names.
pub(crate) struct Redactor<'s> {
    /// Longest first.
    secrets: Vec<(&'s str, Finder<'s>)>,
    /// The most bytes of one.
    longest: usize,
    /// The fewest bytes of one.
    shortest: usize,
    /// The fewest characters of one.
    fewest: usize,
}

/// A place in a text, or in a list, and the secret that stands there.
struct Hit {
    place: Range<usize>,
    secret: usize,
}

impl<'s> Redactor<'s> {
    /// Of names and values.
    pub(crate) fn new(secrets: impl Iterator<Item = (&'s str, &'s str)>) -> Self {
        let mut secrets: Vec<(&str, &str)> = secrets.collect();
        secrets.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        let length = |secret: Option<&(&str, &str)>| secret.map_or(0, |(_, value)| value.len());
        let (longest, shortest) = (length(secrets.first()), length(secrets.last()));
        let fewest = secrets.iter().map(|(_, value)| value.chars().count()).min().unwrap_or(0);
        let secrets = secrets.into_iter().map(|(name, value)| (name, Finder::new(value.as_bytes())));
        Self { secrets: secrets.collect(), longest, shortest, fewest }
    }

    /// Scrubs a text; none if there is nothing to scrub.
    pub(crate) fn text(&self, text: &str) -> Option<String> {
        let mut scrubbed = Vec::new();
        let mut done = 0;
        for Hit { place, secret } in self.find(DecodedText::of(text.as_bytes()))? {
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

    /// Scrubs a tree; none if there is nothing to scrub.
    pub(crate) fn tree(&self, tree: &Json) -> Option<Json> {
        match tree {
            Json::Null | Json::Bool(_) => None,
            Json::Number(number) => self.text(&number.to_string()).map(Json::String),
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
            let end = at + spelled.length.max(1);
            let hits = if spelled.length == 0 { None } else { self.find(spelled.reading) };
            if let Some(hits) = hits {
                let out = scrubbed.get_or_insert_with(|| items[..at].to_vec());
                let mut done = at;
                for Hit { place, secret } in hits {
                    out.extend_from_slice(&items[done..at + place.start]);
                    let placeholder = self.placeholder(secret);
                    if spelled.as_bytes {
                        out.extend(placeholder.bytes().map(Json::from));
                    } else {
                        out.extend(placeholder.chars().map(|c| Json::String(c.into())));
                    }
                    done = at + place.end;
                }
                out.extend_from_slice(&items[done..end]);
            } else if spelled.length == 0
                && let Some(item) = self.tree(&items[at])
            {
                scrubbed.get_or_insert_with(|| items[..at].to_vec()).push(item);
            } else if let Some(out) = &mut scrubbed {
                out.extend_from_slice(&items[at..end]);
            }
            at = end;
        }
        scrubbed
    }

    fn placeholder(&self, secret: usize) -> String {
        format!("[REDACTED:{}]", self.secrets[secret].0)
    }

    /// Where secrets stand, in order and apart; none if nowhere.
    fn find(&self, text: DecodedText<'_>) -> Option<Vec<Hit>> {
        // No way to write a secret is shorter than the secret.
        if text.bytes.len() < self.shortest {
            return None;
        }
        let mut hits = Vec::new();
        self.search(&text, &mut hits);
        if self.may_be_encoded(&text.bytes) {
            let overlap = self.longest.saturating_mul(EXPANSION) + 64;
            let size = PIECE.max(overlap.saturating_mul(2));
            let mut start = 0_usize;
            loop {
                let end = text.bytes.len().min(start.saturating_add(size));
                self.decode(&text.piece(start..end), 0, &mut hits);
                if end == text.bytes.len() {
                    break;
                }
                start = end - overlap;
            }
        }
        if hits.is_empty() {
            return None;
        }
        hits.sort_by_key(|hit| (hit.place.start, std::cmp::Reverse(hit.place.end)));
        let mut apart: Vec<Hit> = Vec::new();
        for hit in hits {
            match apart.last_mut() {
                // Secrets that overlap are one place, so that no part of any is left.
                Some(last) if hit.place.start < last.place.end => {
                    last.place.end = last.place.end.max(hit.place.end);
                    last.secret = last.secret.min(hit.secret);
                }
                _ => apart.push(hit),
            }
        }
        Some(apart)
    }

    /// Looks for secrets as they are, and with any of their bytes escaped or percent-encoded.
    ///
    /// The latter needs no reading, in which an escape may be taken for another by what stands before
    /// it: `\\u0061` is a backslash and five characters, or a backslash and an `a`.
    fn search(&self, reading: &DecodedText<'_>, hits: &mut Vec<Hit>) {
        let bytes = &*reading.bytes;
        let is_escaped = memchr::memchr3(b'\\', b'%', b'+', bytes).is_some();
        for (secret, (_, finder)) in self.secrets.iter().enumerate() {
            let value = finder.needle();
            let mut hit = |part| hits.push(Hit { place: reading.place(part), secret });
            finder.find_iter(bytes).for_each(|start| hit(start..start + value.len()));
            if is_escaped {
                let starts = |byte| byte == value[0] || matches!(byte, b'\\' | b'%' | b'+');
                for start in (0..bytes.len()).filter(|start| starts(bytes[*start])) {
                    if let Some(length) = escaped_length(&bytes[start..], value) {
                        hit(start..start + length);
                    }
                }
            }
        }
    }

    /// Looks for secrets in what can be read here, and in what can be read there.
    fn decode(&self, reading: &DecodedText<'_>, depth: u32, hits: &mut Vec<Hit>) {
        if depth == MAX_READINGS {
            return;
        }
        let mut look = |found: DecodedText<'_>| {
            if found.bytes.len() >= self.shortest {
                self.search(&found, hits);
                self.decode(&found, depth + 1, hits);
            }
        };
        unescaped(reading).map(&mut look);
        percent_decoded(reading, false).map(&mut look);
        percent_decoded(reading, true).map(&mut look);
        listed(reading, self.shortest, &mut look);
        base64_decoded(reading, self.digits(), &mut look);
    }

    /// How many digits of base64 hold the shortest secret.
    fn digits(&self) -> usize {
        (self.shortest * 8).div_ceil(6)
    }

    /// Whether there is anything to decode: most text has nothing.
    fn may_be_encoded(&self, bytes: &[u8]) -> bool {
        // Digits of base64 may stand in lines.
        let longest_run = || {
            let (mut run, mut longest, mut new_line) = (0, 0, false);
            for byte in bytes {
                match byte {
                    _ if digit(*byte).is_some() => (run, new_line) = (run + 1, false),
                    b'\r' => {}
                    b'\n' => new_line = true,
                    b' ' | b'\t' if new_line => {}
                    _ => run = 0,
                }
                longest = usize::max(longest, run);
            }
            longest
        };
        memchr::memchr3(b'\\', b'%', b'+', bytes).is_some()
            || memchr::memchr_iter(b',', bytes).nth(self.fewest.saturating_sub(2)).is_some()
            || longest_run() >= self.digits()
    }
}

/// Tells keys apart that have become one, by numbers.
#[derive(Default)]
struct KeyDedup(HashMap<String, u64>);

impl KeyDedup {
    /// The key, with a number if it is taken.
    fn free(&mut self, key: String, is_taken: impl Fn(&str) -> bool) -> String {
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

/// Keys and values without secrets, which scrub a lazy value when somebody looks at it.
pub(crate) struct RedactedFields<'e>(Vec<(Cow<'e, str>, RedactedValue<'e>)>);

enum RedactedValue<'e> {
    Clean(Value<'e>),
    Scrubbed(Json),
    Lazy(LazyRedacted<'e>),
}

impl<'e> RedactedFields<'e> {
    /// `is_name` says which keys are names of ours rather than content.
    pub(crate) fn of(
        entries: impl Iterator<Item = (&'e str, Value<'e>)>,
        redactor: &'e Redactor<'e>,
        is_name: impl Fn(&str) -> bool,
    ) -> Self {
        let mut hidden: Vec<(Cow<'e, str>, RedactedValue<'e>)> = Vec::new();
        let mut numbers = KeyDedup::default();
        for (key, value) in entries {
            let key = match redactor.text(key).filter(|_| !is_name(key)) {
                None => Cow::Borrowed(key),
                Some(scrubbed) => {
                    Cow::Owned(numbers.free(scrubbed, |key| hidden.iter().any(|(known, _)| known == key)))
                }
            };
            let value = match value {
                Value::Null | Value::Bool(_) => RedactedValue::Clean(value),
                Value::Lazy(value) => {
                    RedactedValue::Lazy(LazyRedacted { value, redactor, scrubbed: OnceCell::new() })
                }
                Value::Str(text) => match redactor.text(text) {
                    Some(scrubbed) => RedactedValue::Scrubbed(Json::String(scrubbed)),
                    None => RedactedValue::Clean(value),
                },
                Value::Json(tree) => {
                    redactor.tree(tree).map_or(RedactedValue::Clean(value), RedactedValue::Scrubbed)
                }
                Value::I64(_) | Value::U64(_) | Value::F64(_) => redactor
                    .tree(&value.to_json())
                    .map_or(RedactedValue::Clean(value), RedactedValue::Scrubbed),
            };
            hidden.push((key, value));
        }
        Self(hidden)
    }

    pub(crate) fn entries(&self) -> Vec<(&str, Value<'_>)> {
        let value = |value| match value {
            &RedactedValue::Clean(value) => value,
            RedactedValue::Scrubbed(tree) => Value::Json(tree),
            RedactedValue::Lazy(later) => Value::Lazy(Lazy(later)),
        };
        self.0.iter().map(|(key, hidden)| (&**key, value(hidden))).collect()
    }
}

/// A lazy value, scrubbed when it is looked at, once.
struct LazyRedacted<'e> {
    value: Lazy<'e>,
    redactor: &'e Redactor<'e>,
    scrubbed: OnceCell<Option<Json>>,
}

impl Tree for LazyRedacted<'_> {
    fn tree(&self) -> Option<Json> {
        let scrub = || {
            let tree = self.value.0.tree()?;
            Some(self.redactor.tree(&tree).unwrap_or(tree))
        };
        self.scrubbed.get_or_init(scrub).clone()
    }
}

/// The part of a list that spells a text out.
struct CharList {
    reading: DecodedText<'static>,
    /// How many items; none if the first is nothing of that kind.
    length: usize,
    as_bytes: bool,
}

impl CharList {
    fn at(items: &[Json], start: usize) -> Self {
        let (mut bytes, mut table) = (Vec::new(), Vec::new());
        let as_bytes = items[start].is_number();
        let mut length = 0;
        for item in &items[start..] {
            let place = u32::try_from(length).unwrap_or(u32::MAX - 1);
            let before = bytes.len();
            match item {
                Json::Number(number) if as_bytes => {
                    let Some(byte) = number.as_i64().and_then(byte_of) else { break };
                    bytes.push(byte);
                }
                Json::String(text) if !as_bytes && text.chars().nth(1).is_none() => {
                    bytes.extend_from_slice(text.as_bytes());
                }
                _ => break,
            }
            table.resize(table.len() + bytes.len() - before, (place, place + 1));
            length += 1;
        }
        let reading = DecodedText { bytes: Cow::Owned(bytes), places: SourceMap::Table(0, table) };
        Self { reading, length, as_bytes }
    }
}
