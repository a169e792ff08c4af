//! `--cfg telemetry_off`, or the feature `off`, makes every annotation vanish: with it, nothing is emitted; without it, this file is
//! about the same functions as all the others.

use telemetry_runtime::{agent_span, in_span, testing, tool_call};

#[tool_call]
async fn add(a: i32, b: i32) -> i32 {
    a + b
}

#[agent_span(agent)]
fn agent() -> i32 {
    in_span!(operation, operation = "sum"; || futures::executor::block_on(add(1, 2)))
}

#[test]
fn an_annotation_emits_unless_it_is_off() {
    let capture = testing::capture();
    assert_eq!(capture.scope(agent), 3);
    let emitted = if cfg!(any(telemetry_off, feature = "off")) { 0 } else { 6 };
    assert_eq!(capture.events().len(), emitted);
}
