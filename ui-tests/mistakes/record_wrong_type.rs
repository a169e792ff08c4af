//! A value of the wrong type in `record!`.

use telemetry_runtime::record;

fn main() {
    record!(agent_message, iterations = "three");
}
