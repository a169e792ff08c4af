//! A default `async fn` of a public trait.

#![deny(async_fn_in_trait)]

pub trait Speak {
    #[instrumented]
    async fn speak(&self) -> u8 {
        1
    }
}

fn main() {}
