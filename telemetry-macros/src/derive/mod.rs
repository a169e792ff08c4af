//! The derives.

mod event;
mod field;
mod stop;

pub(crate) use event::event_metadata;
pub(crate) use stop::stop_metadata;
