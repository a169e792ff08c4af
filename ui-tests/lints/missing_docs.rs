//! Public functions without documentation.

#![deny(missing_docs)]

/// A thing.
pub struct Thing;

impl Thing {
    #[instrumented]
    pub fn undocumented(&self) {}

    /// Documented.
    #[instrumented]
    pub fn documented(&self) {}
}

#[instrumented]
pub async fn later() {}

/// Documented.
#[instrumented]
pub async fn documented() {}

fn main() {}
