//! Events whose names are made at run time.

use std::borrow::Cow;
use std::sync::Arc;

use arc_swap::Guard;
use serde::Serialize;
use telemetry_catalogue::category_of;

use super::{Receivers, Single};
use crate::context::Context;
use crate::event::{EventName, FieldSource, Measurements};
use crate::handler::HandlerList;
use crate::value::{Json, map_of};
use crate::{hook, registry};

/// Emits an event whose name is made at run time, in the current context.
///
/// `measurements` and `metadata` are anything that serialises to a map, such as `json!({..})` or a
/// struct; `()` is an empty one. They are serialised only if some handler sees the event.
///
/// ```
/// use serde_json::json;
/// use telemetry_runtime::{EventName, execute};
///
/// let name = EventName::parse(format!("shop.{}.paid", "order"))?;
/// execute(&name, &json!({"count": 2}), &json!({"by": "card"}))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When one of them does not serialise to a map. No handler sees the event then.
pub fn execute<M, D>(name: &EventName, measurements: &M, metadata: &D) -> Result<(), ExecuteError>
where
    M: Serialize + ?Sized,
    D: Serialize + ?Sized,
{
    let context = Context::current();
    let state = context.state.as_deref();
    let attached = registry::all().map(|all| -> HandlerList {
        all.iter().filter(|handler| handler.sees(name.as_str())).cloned().collect()
    });
    let receivers = Receivers {
        name: name.as_str(),
        attached: Guard::from_inner(attached.filter(|list| !list.is_empty()).map(Arc::new)),
        scoped: Receivers::scoped(name.as_str(), state),
    };
    let hooks = hook::all();
    if receivers.is_empty() && hooks.is_none() {
        return Ok(());
    }
    let measurements = map_of(measurements).map_err(|found| ExecuteError::new("measurements", &found))?;
    let metadata = map_of(metadata).map_err(|found| ExecuteError::new("metadata", &found))?;
    let category = category_of(name.as_str());
    // A name made at run time may contain a secret; a documented one cannot.
    let shown = match category {
        Some(_) => Cow::Borrowed(name.as_str()),
        None => context.scrub(name.as_str()),
    };
    let measurements = Measurements { more: FieldSource::Map(&measurements), ..Measurements::NONE };
    let metadata = FieldSource::Map(&metadata);
    let single = Single { name: &shown, category, keys: &[], measurements, metadata };
    single.hand_out(&context, context.place_of_event(), &receivers, hooks.as_deref());
    Ok(())
}

/// What was given to [`execute`] does not serialise to a map. It holds nothing of the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecuteError {
    what: &'static str,
    found: &'static str,
}

impl ExecuteError {
    fn new(what: &'static str, found: &Json) -> Self {
        let found = match found {
            Json::Array(_) => "a sequence",
            Json::String(text) if text.starts_with("<unserialisable") => "a value that fails to serialise",
            Json::String(_) => "a string",
            Json::Number(_) => "a number",
            Json::Bool(_) => "a boolean",
            Json::Null | Json::Object(_) => "something else",
        };
        Self { what, found }
    }
}

impl std::fmt::Display for ExecuteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the {} of an event are a map, not {}", self.what, self.found)
    }
}

impl std::error::Error for ExecuteError {}
