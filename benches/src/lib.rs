//! What a span costs: the work that is measured, and the ways it is measured.
//!
//! Time is only ever given beside the time of the [hand-written span](hand), sampled in pairs in one
//! process: ratios hold on a machine that is busy or slow, nanoseconds do not. Instructions are
//! counted by valgrind, and hold everywhere.

pub mod allocations;
pub(crate) mod answers;
pub mod cases;
pub mod hand;
pub mod instructions;
pub mod paired;
pub mod subjects;
