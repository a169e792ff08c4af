//! `mut` that nothing needs, on a parameter, on `self` and on a local.

#![deny(unused_mut)]

struct Thing(u8);

impl Thing {
    #[instrumented]
    fn sum(mut self, mut n: u8) -> u8 {
        let mut one = 1;
        self.0 + n + one
    }
}

fn main() {
    Thing(1).sum(2);
}
