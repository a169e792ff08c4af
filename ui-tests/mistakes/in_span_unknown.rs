//! A misspelled span in `in_span!`.

use telemetry_runtime::in_span;

fn main() {
    let answer = in_span!(agnet; || 1);
    assert_eq!(answer, 1);
}
