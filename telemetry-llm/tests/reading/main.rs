//! What models answer, in every provider's form: messages, responses, streams, token counts and their prices.

mod messages;
#[cfg(feature = "prices")]
mod prices;
mod responses;
mod streams;
mod usage;
