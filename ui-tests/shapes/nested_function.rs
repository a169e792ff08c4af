//! Items within the body: a function, a type, a constant, an import; the function instrumented too.
// ends: ok ok

#[instrumented]
fn outer(n: u32) -> u32 {
    use std::cmp::max;

    const LEAST: u32 = 3;

    struct Doubled(u32);

    #[instrumented]
    fn double(n: u32) -> u32 {
        if n == 0 {
            return 0;
        }
        Doubled(n * 2).0
    }

    max(double(n), LEAST)
}

pub(super) fn check() {
    assert_eq!(outer(1), 3);
}
