//! What the tests of Condukt, of Legion and of Erlang's `:telemetry` ask for.

mod condukt;
mod legion;
mod telemetry;
