//! What models answered: read by `telemetry-llm`, here and nowhere else in the crate.

use std::sync::LazyLock;
use std::time::{Duration, UNIX_EPOCH};

use telemetry_llm::prices::Prices;
use telemetry_llm::{Json, Usage};
pub(crate) use telemetry_llm::{Message, Part, Role, answer, conversation};

static PRICES: LazyLock<Prices> = LazyLock::new(Prices::builtin);

/// The tokens in a `usage` value.
pub(crate) fn usage(value: &Json) -> Option<Usage> {
    Usage::read(value)
}

/// What those tokens cost, in US dollars: the provider's figure, else by the built-in table at that time, in
/// nanoseconds since the Unix epoch. `None` where neither knows.
pub(crate) fn cost(provider: Option<&str>, models: [Option<&str>; 2], usage: &Usage, at: u64) -> Option<f64> {
    let at = UNIX_EPOCH + Duration::from_nanos(at);
    let reckoned = || models.into_iter().flatten().find_map(|model| PRICES.cost(provider, model, usage, at));
    usage.cost.or_else(|| Some(reckoned()?.total)).filter(|cost| cost.is_finite() && *cost >= 0.0)
}
