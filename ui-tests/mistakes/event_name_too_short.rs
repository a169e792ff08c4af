//! An event name with one segment.

use telemetry_runtime::event_name;

fn main() {
    let _ = event_name!("stop");
}
