//! `in_span!` of a span with a typo.

use telemetry_runtime::in_span;

fn main() {
    let answer = in_span!(agnet; || 1);
    assert_eq!(answer, 1);
}
