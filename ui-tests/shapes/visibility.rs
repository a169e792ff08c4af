//! Every visibility.
// ends: ok ok ok ok

pub mod inner {
    #[instrumented]
    pub fn public() -> u8 {
        1
    }

    #[instrumented]
    pub(crate) fn of_the_crate() -> u8 {
        2
    }

    #[instrumented]
    pub(super) fn of_the_parent() -> u8 {
        3
    }

    #[instrumented]
    pub(in super::super) fn of_a_path() -> u8 {
        4
    }
}

pub(super) fn check() {
    assert_eq!(inner::public() + inner::of_the_crate(), 3);
    assert_eq!(inner::of_the_parent() + inner::of_a_path(), 7);
}
