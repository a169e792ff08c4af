//! A method with another signature than its trait's.

trait Speak {
    fn speak(&self, times: u8) -> String;
}

struct Dog;

impl Speak for Dog {
    #[instrumented]
    fn speak(&mut self, times: usize) -> String {
        "wuff".repeat(times)
    }
}

fn main() {}
