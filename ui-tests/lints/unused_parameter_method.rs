//! Parameters that nothing reads, of a method, in patterns and `mut`.

#![deny(unused)]

struct Thing;

impl Thing {
    #[instrumented]
    fn one(&self, (left, right): (u8, u8), mut text: String, [first, ..]: [u8; 2]) -> u8 {
        right
    }
}

fn main() {
    Thing.one((1, 2), String::new(), [3, 4]);
}
