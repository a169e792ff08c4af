//! A misspelled event name.

use telemetry_runtime::event_name;

fn main() {
    let _ = event_name!("condukt.tool_cal.stop");
}
