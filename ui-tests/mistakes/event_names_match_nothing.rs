//! A pattern that matches no documented event.

use telemetry_runtime::event_names;

fn main() {
    let _ = event_names!["condukt.tool_cal.*", "legion.*", "shop.*"];
}
