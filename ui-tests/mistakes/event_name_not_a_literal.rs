//! The name of an event that is known at run time only.

use telemetry_runtime::event_name;

fn main() {
    let name = "shop.cache.lookup";
    let _ = event_name!(name);
}
