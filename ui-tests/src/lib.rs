//! What the attribute macros make of every function shape, and what they say of every mistake.
//!
//! - `shapes/`: function shapes that must compile, behave as they do bare, and emit the right events.
//! - `lints/` and `errors/`: code of the user's that the compiler complains about: it must say the same
//!   under an attribute as without.
//! - `mistakes/`: wrong uses of the macros, each with the compiler's message.
//!
//! The first three are one corpus: [`corpus`] reads it and puts it under the attributes.

pub mod corpus;
pub mod package;
