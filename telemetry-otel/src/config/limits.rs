//! How many attributes a span or a log record may have, and how long they may be.

use opentelemetry::logs::AnyValue;
use opentelemetry::{Array, Key, KeyValue, StringValue, Value};

/// How many attributes were left out because a span may have no more.
pub(crate) const DROPPED: &str = "telemetry.attributes.dropped";

/// The limits of a span's attributes, or of a log record's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How many it may have.
    pub(crate) count: usize,
    /// How many characters a text may have, if that is limited.
    pub(crate) length: Option<usize>,
}

impl Limits {
    /// Keeps attributes within the limits, beside as many as are `set` already. Where some are left out,
    /// the last one is how many.
    pub(crate) fn apply(self, attributes: &mut Vec<KeyValue>, set: usize) {
        for attribute in attributes.iter_mut() {
            self.shorten(&mut attribute.value);
        }
        let room = self.count.saturating_sub(set);
        if let Some(dropped) = fit(attributes, room, |dropped| KeyValue::new(DROPPED, dropped)) {
            warn(dropped, self.count);
        }
    }

    /// Keeps a log record's attributes within the limits.
    pub(crate) fn apply_to_record(self, attributes: &mut Vec<(Key, AnyValue)>) {
        if let Some(length) = self.length {
            for (_, value) in attributes.iter_mut() {
                shorten_any(value, length);
            }
        }
        fit(attributes, self.count, |dropped| (DROPPED.into(), dropped.into()));
    }

    /// The most bytes of a text that must not be shortened after it is made, as JSON must not.
    pub(crate) fn max_bytes(self, max_bytes: usize) -> usize {
        self.length.map_or(max_bytes, |length| max_bytes.min(length))
    }

    /// Shortens a value that is set on its own, not as one of a list.
    pub(crate) fn shortened(self, mut value: Value) -> Value {
        self.shorten(&mut value);
        value
    }

    /// Shortens a value in its place.
    pub(crate) fn shorten(self, value: &mut Value) {
        if let Some(length) = self.length {
            shorten(value, length);
        }
    }
}

/// Keeps as many attributes as there is room for. Where some are left out, the last one is what `note` makes of their
/// number, which is returned.
fn fit<T>(attributes: &mut Vec<T>, room: usize, note: impl FnOnce(i64) -> T) -> Option<usize> {
    if attributes.len() <= room {
        return None;
    }
    let kept = room.saturating_sub(1);
    let dropped = attributes.len() - kept;
    attributes.truncate(kept);
    attributes.push(note(i64::try_from(dropped).unwrap_or(i64::MAX)));
    Some(dropped)
}

fn cut(text: &mut StringValue, length: usize) {
    if let Some((end, _)) = text.as_str().char_indices().nth(length) {
        *text = text.as_str()[..end].to_owned().into();
    }
}

fn shorten(value: &mut Value, length: usize) {
    match value {
        Value::String(text) => cut(text, length),
        Value::Array(Array::String(items)) => items.iter_mut().for_each(|text| cut(text, length)),
        _ => {}
    }
}

fn shorten_any(value: &mut AnyValue, length: usize) {
    match value {
        AnyValue::String(text) => cut(text, length),
        AnyValue::ListAny(items) => items.iter_mut().for_each(|item| shorten_any(item, length)),
        AnyValue::Map(map) => map.values_mut().for_each(|item| shorten_any(item, length)),
        _ => {}
    }
}

/// Warns the first time that a span has more attributes than it may.
fn warn(dropped: usize, limit: usize) {
    use std::sync::atomic::{AtomicBool, Ordering};
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !WARNED.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            target: "telemetry",
            "a span has more than {limit} attributes: {dropped} of one were left out, as many as its \
             `{DROPPED}` counts; raise OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT to keep them"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_by_characters_and_attributes_by_number() {
        let mut attributes: Vec<_> = (0..5).map(|n| KeyValue::new(format!("k{n}"), "éééé")).collect();
        attributes.push(KeyValue::new("list", Value::Array(vec![StringValue::from("abc")].into())));
        Limits { count: 128, length: Some(2) }.apply(&mut attributes, 0);
        assert!(
            attributes.iter().all(|at| matches!(at.value.to_string().as_str(), "éé" | "[\"ab\"]")),
            "{attributes:?}"
        );
        Limits { count: 6, length: None }.apply(&mut attributes, 2);
        assert_eq!(attributes.len(), 4);
        assert_eq!(attributes[3], KeyValue::new(DROPPED, 3));
    }

    #[test]
    fn a_log_record_has_limits_of_its_own() {
        let list: AnyValue = [AnyValue::from("abc"), AnyValue::from(1)].into_iter().collect();
        let mut attributes: Vec<(Key, AnyValue)> = vec![
            ("a".into(), "éééé".into()),
            ("b".into(), list),
            ("c".into(), 3.into()),
            ("d".into(), 4.into()),
        ];
        Limits { count: 3, length: Some(2) }.apply_to_record(&mut attributes);
        let short: AnyValue = [AnyValue::from("ab"), AnyValue::from(1)].into_iter().collect();
        assert_eq!(attributes, [("a".into(), "éé".into()), ("b".into(), short), (DROPPED.into(), 2.into())]);
    }
}
