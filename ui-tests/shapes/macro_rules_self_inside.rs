//! A method written by a macro, with `self` from the macro itself and the body from outside.

struct Counter(u8);

macro_rules! method {
    ($name:ident => |$this:ident| $body:expr) => {
        #[instrumented]
        fn $name(&self) -> u8 {
            let $this = self;
            $body
        }
    };
}

impl Counter {
    method!(next => |this| this.0 + 1);
}

pub(super) fn check() {
    assert_eq!(Counter(1).next(), 2);
}
