//! A method written by a macro, with `self` from outside.

struct Counter(u8);

macro_rules! getter {
    ($self:ident, $name:ident => $value:expr) => {
        #[instrumented]
        fn $name(&$self) -> u8 {
            $value
        }
    };
}

impl Counter {
    getter!(self, next => self.0 + 1);
}

pub(super) fn check() {
    assert_eq!(Counter(1).next(), 2);
}
