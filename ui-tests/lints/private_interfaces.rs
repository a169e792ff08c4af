//! A private type in a public signature.

#![deny(private_interfaces)]

struct Private;

#[instrumented]
pub fn leak(private: Private) {
    drop(private);
}

fn main() {}
