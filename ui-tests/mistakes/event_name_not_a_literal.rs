//! An event name that is known only at run time.

use telemetry_runtime::event_name;

fn main() {
    let name = "shop.cache.lookup";
    let _ = event_name!(name);
}
