//! Events as they are shown where secrets are known.

use std::cell::{LazyCell, OnceCell};

use telemetry_catalogue::{is_documented_key, is_documented_measurement};

use crate::event::{Event, FieldSource, LateFields, LayeredFields, Measurements, Metadata};
use crate::secrets::{RedactedFields, SecretSet};
use crate::value::Value;

/// Shows an event without secrets. Nothing is searched before a handler reads it, and then once for all handlers.
/// The times of a span, which are ours, and documented keys stay.
pub(super) fn show(event: &Event<'_>, secrets: &SecretSet, show: impl FnOnce(&Event<'_>)) {
    let description = OnceCell::new();
    let describe = || {
        let text = event.description?;
        description.get_or_init(|| secrets.scrubbed(text)).as_deref().or(Some(text))
    };
    let metadata = Late {
        fields: LazyCell::new(|| RedactedFields::of(event.metadata.iter(), secrets, is_documented_key)),
        description: &describe,
    };
    let more = Late {
        fields: LazyCell::new(|| {
            RedactedFields::of(event.measurements.more.iter(), secrets, is_documented_measurement)
        }),
        description: &|| None,
    };
    show(&Event {
        measurements: Measurements { more: FieldSource::Late(&more), ..event.measurements },
        metadata: Metadata(LayeredFields::of(FieldSource::Late(&metadata))),
        ..*event
    });
}

/// The fields of an event, redacted when they are read.
struct Late<'d, 'e, F> {
    fields: LazyCell<RedactedFields<'e>, F>,
    description: &'d dyn Fn() -> Option<&'d str>,
}

impl<'e, F: FnOnce() -> RedactedFields<'e>> LateFields for Late<'_, 'e, F> {
    fn get(&self, key: &str) -> Option<Value<'_>> {
        self.fields.get(key)
    }

    fn at(&self, index: usize) -> Option<(&str, Value<'_>)> {
        self.fields.at(index)
    }

    fn description(&self) -> Option<&str> {
        (self.description)()
    }
}
