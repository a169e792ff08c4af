//! Values of events as values of OpenTelemetry.

use opentelemetry::{Array, StringValue, Value};
use serde_json::Value as Json;
use telemetry_runtime::Value as Recorded;

use crate::convert::truncate;

/// The most bytes of a string that is not content: names, ids, an error's text.
pub(crate) const MAX_TEXT: usize = 4096;

/// A value as an attribute.
pub(crate) enum AttributeValue {
    /// A scalar, a string, or a list of them of one kind.
    Plain(Value),
    /// Something with a structure of its own.
    Tree(Json),
    /// No value.
    Nothing,
}

/// Makes an attribute's value of an event's.
pub(crate) fn made(value: Recorded<'_>) -> AttributeValue {
    match value {
        Recorded::Null => AttributeValue::Nothing,
        Recorded::Bool(flag) => AttributeValue::Plain(flag.into()),
        Recorded::I64(number) => AttributeValue::Plain(number.into()),
        Recorded::U64(number) => AttributeValue::Plain(integer(number)),
        Recorded::F64(number) => AttributeValue::Plain(number.into()),
        Recorded::Str(text) => AttributeValue::Plain(string(text)),
        other => of_json(other.to_json()),
    }
}

/// Makes an attribute's value of JSON.
fn of_json(json: Json) -> AttributeValue {
    match json {
        Json::Null => AttributeValue::Nothing,
        Json::Bool(flag) => AttributeValue::Plain(flag.into()),
        Json::Number(number) => AttributeValue::Plain(match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into(),
            (None, Some(number)) => integer(number),
            (None, None) => number.as_f64().unwrap_or(f64::NAN).into(),
        }),
        Json::String(text) => AttributeValue::Plain(string(&text)),
        Json::Array(items) => match list(&items) {
            Some(array) => AttributeValue::Plain(Value::Array(array)),
            None => AttributeValue::Tree(Json::Array(items)),
        },
        object @ Json::Object(_) => AttributeValue::Tree(object),
    }
}

/// An integer beyond what an attribute holds is written out.
fn integer(number: u64) -> Value {
    i64::try_from(number).map_or_else(|_| number.to_string().into(), Value::I64)
}

fn string(text: &str) -> Value {
    Value::String(truncate::text(text, MAX_TEXT).into())
}

/// A list of scalars of one kind; a list of nothing is one of strings.
fn list(items: &[Json]) -> Option<Array> {
    fn all<T>(items: &[Json], read: impl Fn(&Json) -> Option<T>) -> Option<Vec<T>> {
        items.iter().map(read).collect()
    }
    let text = |item: &Json| item.as_str().map(|text| StringValue::from(truncate::text(text, MAX_TEXT)));
    None.or_else(|| all(items, text).map(Array::String))
        .or_else(|| all(items, Json::as_bool).map(Array::Bool))
        .or_else(|| all(items, Json::as_i64).map(Array::I64))
        .or_else(|| all(items, Json::as_f64).map(Array::F64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plain(json: Json) -> Option<String> {
        match made(Recorded::Json(&json)) {
            AttributeValue::Plain(value) => Some(format!("{value:?}")),
            AttributeValue::Tree(_) | AttributeValue::Nothing => None,
        }
    }

    #[test]
    fn scalars_and_their_lists_keep_their_types() {
        assert_eq!(plain(json!(7)).unwrap(), "I64(7)");
        assert_eq!(plain(json!(-1.5)).unwrap(), "F64(-1.5)");
        assert_eq!(plain(json!(u64::MAX)).unwrap(), format!("{:?}", Value::from(u64::MAX.to_string())));
        assert!(plain(json!(["a", "b"])).unwrap().starts_with("Array(String("));
        assert!(plain(json!([1, 2])).unwrap().starts_with("Array(I64("));
        assert!(plain(json!([1, 2.5])).unwrap().starts_with("Array(F64("));
        assert_eq!(plain(json!([1, "a"])), None);
        assert_eq!(plain(json!({"a": 1})), None);
        assert_eq!(plain(json!(null)), None);
    }
}
