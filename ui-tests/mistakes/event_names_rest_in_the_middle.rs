//! A pattern with `**` before its end.

use telemetry_runtime::event_names;

fn main() {
    let _ = event_names!["condukt.**.stop"];
}
