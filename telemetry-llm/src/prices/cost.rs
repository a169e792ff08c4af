//! What a call cost.

/// What a call cost, in US dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Cost {
    /// What went in, what was read from a cache and written to one included.
    pub input: f64,
    /// What came out.
    pub output: f64,
    /// All of it, a price of the request itself included.
    pub total: f64,
}
