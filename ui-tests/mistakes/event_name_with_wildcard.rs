//! A pattern where one event is expected.

use telemetry_runtime::event_name;

fn main() {
    let _ = event_name!("condukt.tool_call.*");
}
