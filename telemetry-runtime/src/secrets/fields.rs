//! The keys and values of an event without secrets, each made when a handler reads it, once for all handlers.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::redact::KeyDedup;
use super::search::Searcher;
use super::set::SecretSet;
use crate::value::{Json, Lazy, Tree, Value};

/// Keys and values as they may be shown.
pub(crate) struct RedactedFields<'e>(Vec<RedactedField<'e>>);

struct RedactedField<'e> {
    key: Cow<'e, str>,
    value: LazyRedacted<'e>,
}

impl<'e> RedactedFields<'e> {
    /// `is_name` tells which keys are documented names rather than content.
    pub(crate) fn of(
        entries: impl Iterator<Item = (&'e str, Value<'e>)>,
        secrets: &'e SecretSet,
        is_name: impl Fn(&str) -> bool,
    ) -> Self {
        let searcher = secrets.searcher();
        let mut fields: Vec<RedactedField<'e>> = Vec::new();
        let mut numbers = KeyDedup::default();
        for (key, value) in entries {
            let scrubbed = if is_name(key) { None } else { searcher.text(key) };
            let key = match scrubbed {
                None => Cow::Borrowed(key),
                Some(scrubbed) => {
                    Cow::Owned(numbers.free(scrubbed, |key| fields.iter().any(|field| field.key == key)))
                }
            };
            fields.push(RedactedField {
                key,
                value: LazyRedacted { value, searcher, scrubbed: OnceCell::new() },
            });
        }
        Self(fields)
    }

    /// The field at that position.
    pub(crate) fn at(&self, index: usize) -> Option<(&str, Value<'_>)> {
        self.0.get(index).map(|field| (&*field.key, field.value.shown()))
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<Value<'_>> {
        self.0.iter().find(|field| field.key == key).map(|field| field.value.shown())
    }
}

/// A value, scrubbed when a handler reads it, once.
struct LazyRedacted<'e> {
    value: Value<'e>,
    searcher: &'e Searcher,
    /// `None` within if there is nothing to scrub.
    scrubbed: OnceCell<Option<Json>>,
}

impl LazyRedacted<'_> {
    fn shown(&self) -> Value<'_> {
        let scrub = || match self.value {
            Value::Str(text) => self.searcher.text(text).map(Json::String),
            Value::Json(tree) => self.searcher.tree(tree),
            value => self.searcher.tree(&value.to_json()),
        };
        match self.value {
            Value::Null | Value::Bool(_) => self.value,
            Value::I64(_) | Value::U64(_) | Value::F64(_) if !self.searcher.numeric => self.value,
            Value::Lazy(_) => Value::Lazy(Lazy(self)),
            _ => self.scrubbed.get_or_init(scrub).as_ref().map_or(self.value, Value::Json),
        }
    }
}

impl Tree for LazyRedacted<'_> {
    fn tree(&self) -> Option<Json> {
        let scrub = || {
            let Value::Lazy(Lazy(value)) = self.value else { return None };
            let tree = value.tree()?;
            Some(self.searcher.tree(&tree).unwrap_or(tree))
        };
        self.scrubbed.get_or_init(scrub).clone()
    }
}
