//! A generic method of a generic trait, with an associated type in its signature.

trait Convert<From> {
    type Output;

    fn convert<F: Fn(From) -> u32>(&self, from: From, with: F) -> Self::Output;
}

struct Doubling;

impl Convert<u8> for Doubling {
    type Output = Option<u32>;

    #[instrumented]
    fn convert<F: Fn(u8) -> u32>(&self, from: u8, with: F) -> Self::Output {
        Some(with(from) * 2)
    }
}

pub(super) fn check() {
    assert_eq!(Doubling.convert(2, u32::from), Some(4));
}
