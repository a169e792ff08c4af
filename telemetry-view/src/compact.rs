//! Taking shared values out of an event.

use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use telemetry_runtime::Json;
use telemetry_runtime::recording::{Content, EventLine, Hash};

/// Below about this many bytes of JSON a value stays in its event.
const SHARED_FROM: usize = 256;

/// Moves the event's large values that come again out of it, and returns those that `knows` does not know yet, each
/// before what refers to it.
///
/// What a span's start has is there again at its end, so a start's values are shared. At the end of a span, lists
/// are (each turn repeats the messages of the last one), and what is known already; the rest stays in the event.
pub fn compact(event: &mut EventLine, knows: impl Fn(Hash) -> bool) -> Vec<(Hash, Content)> {
    let starts = event.event.rsplit_once('.').is_some_and(|(_, phase)| phase == "start");
    let mut new = Vec::new();
    for value in event.metadata.values_mut().filter(|value| is_deeper(value, MAX_DEPTH)) {
        *value = value.to_string().into();
    }
    for (key, value) in &event.metadata {
        let hash = match value {
            Json::Array(items) => list(items, &knows, &mut new),
            Json::Object(_) | Json::String(_) => whole(value, starts, &knows, &mut new),
            _ => None,
        };
        if let Some(hash) = hash {
            event.refs.insert(key.clone(), hash);
        }
    }
    for key in event.refs.keys() {
        event.metadata.remove(key);
    }
    new
}

/// About how many bytes of JSON a value is.
fn size(value: &Json) -> usize {
    match value {
        Json::Null | Json::Bool(_) => 4,
        Json::Number(_) => 8,
        Json::String(text) => text.len() + 2,
        Json::Array(items) => items.iter().map(|item| size(item) + 1).sum::<usize>() + 1,
        Json::Object(map) => map.iter().map(|(key, value)| key.len() + 4 + size(value)).sum::<usize>() + 1,
    }
}

/// Readers of JSON give up at 128 levels, those around a value included. A deeper one is kept as its own text.
const MAX_DEPTH: usize = 100;

fn is_deeper(value: &Json, than: usize) -> bool {
    let inner = |value: &Json| than == 0 || is_deeper(value, than - 1);
    match value {
        Json::Array(items) => items.iter().any(inner),
        Json::Object(map) => map.values().any(inner),
        _ => false,
    }
}

fn whole(
    value: &Json,
    starts: bool,
    knows: &impl Fn(Hash) -> bool,
    new: &mut Vec<(Hash, Content)>,
) -> Option<Hash> {
    if size(value) < SHARED_FROM {
        return None;
    }
    let text = value.to_string();
    let hash = truncated(Sha256::new().chain_update([0]).chain_update(&text));
    if !knows(hash) && !new.iter().any(|(known, _)| *known == hash) {
        if !starts {
            return None;
        }
        new.push((hash, Content::Value(RawValue::from_string(text).ok()?)));
    }
    Some(hash)
}

/// The name of a list follows from that of the list without its last item, so that the longest beginning that is
/// known is found in one pass.
fn list(items: &[Json], knows: &impl Fn(Hash) -> bool, new: &mut Vec<(Hash, Content)>) -> Option<Hash> {
    if items.iter().map(size).sum::<usize>() < SHARED_FROM {
        return None;
    }
    let mut texts = vec![b'['];
    // Where in `texts` each item ends.
    let mut ends: Vec<usize> = Vec::with_capacity(items.len());
    for item in items {
        serde_json::to_writer(&mut texts, item).ok()?;
        ends.push(texts.len());
        texts.push(b',');
    }
    // After each item: the list's name, and where in `texts` the next item begins.
    let mut heads: Vec<(Hash, usize)> = Vec::with_capacity(items.len());
    let (mut head, mut from) = ([0; 16], 1);
    for end in ends {
        let text = &texts[from..end];
        let hash = truncated(Sha256::new().chain_update([1]).chain_update(head).chain_update(text));
        head = hash.to_bits().to_be_bytes();
        from = end + 1;
        heads.push((hash, from));
    }
    let last = heads.last()?.0;
    let is_known = |hash: Hash| knows(hash) || new.iter().any(|(known, _)| *known == hash);
    let known = heads.iter().rposition(|(hash, _)| is_known(*hash));
    if known == Some(heads.len() - 1) {
        return Some(last);
    }
    let (after, from) = known.map_or((None, 1), |index| (Some(heads[index].0), heads[index].1));
    texts.pop();
    texts.push(b']');
    texts.drain(1..from);
    let own = String::from_utf8(texts).ok()?;
    new.push((last, Content::List { after, items: RawValue::from_string(own).ok()? }));
    Some(last)
}

fn truncated(hash: Sha256) -> Hash {
    let bytes = hash.finalize();
    let mut half = [0; 16];
    half.copy_from_slice(&bytes[..16]);
    Hash::from_bits(u128::from_be_bytes(half))
}
