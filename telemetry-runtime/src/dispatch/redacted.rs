//! Events as they are shown where secrets are known.

use std::borrow::Cow;

use telemetry_catalogue::{is_documented_key, is_documented_measurement};

use crate::event::{Event, FieldSource, LayeredFields, Measurements, Metadata};
use crate::secrets::{RedactedFields, Secrets};

/// Shows an event without secrets. The times of a span, which are ours, and documented keys stay.
pub(super) fn show(event: &Event<'_>, secrets: &Secrets, show: impl FnOnce(&Event<'_>)) {
    let redactor = secrets.redactor();
    let metadata = RedactedFields::of(event.metadata.iter(), &redactor, is_documented_key);
    let more = RedactedFields::of(event.measurements.more.iter(), &redactor, is_documented_measurement);
    let description = event.description.map(|text| redactor.text(text).map_or(text.into(), Cow::Owned));
    let (metadata, more) = (metadata.entries(), more.entries());
    show(&Event {
        description: description.as_deref(),
        measurements: Measurements { more: FieldSource::Values(&more), ..event.measurements },
        metadata: Metadata(LayeredFields::of(FieldSource::Values(&metadata))),
        ..*event
    });
}
