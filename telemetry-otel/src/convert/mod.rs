//! Values of events as OpenTelemetry has them.

pub(crate) mod attribute_value;
pub(crate) mod intern;
pub(crate) mod messages;
pub(crate) mod tools;
pub(crate) mod truncate;
