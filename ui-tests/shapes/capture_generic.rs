//! Generic parameters, recorded by what their bounds promise.

use std::fmt::{Debug, Display};

#[instrumented(fields(shown = %shown, debugged = ?debugged, serialised = serialised))]
fn take<S: Display, D: Debug, J: serde::Serialize>(shown: S, debugged: &D, serialised: J) -> J {
    assert!(!format!("{shown}{debugged:?}").is_empty());
    serialised
}

pub(super) fn check() {
    assert_eq!(take("a", &Some(1), 2), 2);
}
