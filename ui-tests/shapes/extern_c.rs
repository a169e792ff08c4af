//! An `extern "C"` function, called through its pointer.

#[instrumented]
extern "C" fn double(n: i32) -> i32 {
    n * 2
}

pub(super) fn check() {
    let called: extern "C" fn(i32) -> i32 = double;
    assert_eq!(called(2), 4);
}
