//! The fields of an event as handlers read them: merged, redacted and serialised when the first one reads, once for
//! all.

use std::borrow::Cow;
use std::cell::OnceCell;

use telemetry_catalogue::{is_documented_key, is_documented_measurement};

use crate::event::{FieldSource, LateFields, LayeredFields};
use crate::secrets::{KeyDedup, SecretSet};
use crate::value::{Json, Lazy, Tree, Value};

/// The fields of one event. An event that no handler reads costs no more than this.
pub(crate) struct LazyFields<'e> {
    layers: LayeredFields<'e>,
    /// Those that the trace knows.
    secrets: Option<&'e SecretSet>,
    /// Which keys are documented names rather than content.
    is_name: fn(&str) -> bool,
    merged: OnceCell<Vec<ReadField<'e>>>,
    description: Option<&'e str>,
    described: OnceCell<Option<String>>,
}

/// A field that some handler may have read.
struct ReadField<'e> {
    key: Cow<'e, str>,
    value: Value<'e>,
    secrets: Option<&'e SecretSet>,
    /// A lazy value serialised, and any value scrubbed; `None` within if it stays as it is.
    made: OnceCell<Option<Json>>,
}

impl<'e> LazyFields<'e> {
    /// The metadata of an event, with no secret in it but for the times and names that are the library's own.
    #[inline]
    pub(crate) fn metadata(
        layers: LayeredFields<'e>,
        secrets: Option<&'e SecretSet>,
        description: Option<&'e str>,
    ) -> Self {
        Self::new(layers, secrets, is_documented_key, description)
    }

    /// The measurements that an event was given.
    #[inline]
    pub(crate) fn measurements(given: FieldSource<'e>, secrets: Option<&'e SecretSet>) -> Self {
        Self::new(LayeredFields::of(given), secrets, is_documented_measurement, None)
    }

    #[inline]
    fn new(
        layers: LayeredFields<'e>,
        secrets: Option<&'e SecretSet>,
        is_name: fn(&str) -> bool,
        description: Option<&'e str>,
    ) -> Self {
        Self { layers, secrets, is_name, merged: OnceCell::new(), description, described: OnceCell::new() }
    }

    /// The fields as an event has them.
    pub(crate) fn source(&self) -> FieldSource<'_> {
        FieldSource::Late(self)
    }

    fn merged(&self) -> &[ReadField<'e>] {
        self.merged.get_or_init(|| {
            let secrets = self.secrets;
            let merged = self.layers.merged();
            let mut fields: Vec<ReadField<'e>> = Vec::with_capacity(merged.len());
            let mut numbers = KeyDedup::default();
            for (key, value) in merged {
                let scrubbed =
                    secrets.filter(|_| !(self.is_name)(key)).and_then(|secrets| secrets.scrubbed(key));
                let key = match scrubbed {
                    None => Cow::Borrowed(key),
                    Some(scrubbed) => {
                        Cow::Owned(numbers.free(scrubbed, |key| fields.iter().any(|field| field.key == key)))
                    }
                };
                fields.push(ReadField { key, value, secrets, made: OnceCell::new() });
            }
            fields
        })
    }
}

impl LateFields for LazyFields<'_> {
    fn get(&self, key: &str) -> Option<Value<'_>> {
        if self.secrets.is_none() && self.merged.get().is_none() {
            // A scalar is read without merging the rest.
            match self.layers.get(key) {
                Some(Value::Lazy(_)) => {}
                value => return value,
            }
        }
        self.merged().iter().find(|field| field.key == key).map(ReadField::shown)
    }

    fn at(&self, index: usize) -> Option<(&str, Value<'_>)> {
        self.merged().get(index).map(|field| (&*field.key, field.shown()))
    }

    fn description(&self) -> Option<&str> {
        let text = self.description?;
        let scrub = || self.secrets.and_then(|secrets| secrets.scrubbed(text));
        self.described.get_or_init(scrub).as_deref().or(Some(text))
    }
}

impl ReadField<'_> {
    fn shown(&self) -> Value<'_> {
        let scrub = |secrets: &SecretSet| match self.value {
            Value::Str(text) => secrets.scrubbed(text).map(Json::String),
            Value::Json(tree) => secrets.scrubbed_tree(tree),
            value => secrets.scrubbed_tree(&value.to_json()),
        };
        match (self.value, self.secrets) {
            (Value::Lazy(_), _) => Value::Lazy(Lazy(self)),
            (Value::Null | Value::Bool(_), _) | (_, None) => self.value,
            (_, Some(secrets)) => {
                self.made.get_or_init(|| scrub(secrets)).as_ref().map_or(self.value, Value::Json)
            }
        }
    }
}

impl Tree for ReadField<'_> {
    fn tree(&self) -> Option<Json> {
        self.made().cloned()
    }

    fn made(&self) -> Option<&Json> {
        let make = || {
            let Value::Lazy(Lazy(value)) = self.value else { return None };
            let tree = value.tree()?;
            Some(self.secrets.and_then(|secrets| secrets.scrubbed_tree(&tree)).unwrap_or(tree))
        };
        self.made.get_or_init(make).as_ref()
    }
}
