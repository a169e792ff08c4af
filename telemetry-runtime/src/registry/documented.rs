//! The callsites of the documented spans and events, one for each, made from the catalogue.

use super::callsite::{EventSite, SpanSite};

telemetry_macros::__documented_sites!();
