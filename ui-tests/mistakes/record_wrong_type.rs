//! `record!` of a value of another type than the documents'.

use telemetry_runtime::record;

fn main() {
    record!(agent_message, iterations = "three");
}
