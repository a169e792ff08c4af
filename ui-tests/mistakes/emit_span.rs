//! A span in `emit!`.

use telemetry_runtime::emit;

fn main() {
    emit!(llm_turn, model = "gpt-4o");
}
