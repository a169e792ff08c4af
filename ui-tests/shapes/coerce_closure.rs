//! Closures and functions, coerced to pointers and boxes.
// ends: ok ok

#[instrumented]
fn pointer(double: bool) -> fn(u8) -> u8 {
    if double { |n| n * 2 } else { |n| n }
}

#[instrumented]
fn boxed<'a>(by: &'a u8) -> Box<dyn Fn(u8) -> u8 + 'a> {
    Box::new(move |n| n * by)
}

pub(super) fn check() {
    assert_eq!(pointer(true)(2), 4);
    assert_eq!(boxed(&3)(2), 6);
}
