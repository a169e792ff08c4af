//! A key that a typed handler's event does not have.

use telemetry_runtime::{attach_typed, condukt};

fn main() {
    let _ = attach_typed("bill", |stop: &condukt::LlmTurnStop<'_>| {
        println!("{:?}", stop.usge());
    });
}
