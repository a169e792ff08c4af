//! Names bound by a parameter's pattern.

struct Point {
    x: u8,
    y: u8,
}

#[instrumented(fields(x = x, height = height, first = first))]
fn sum(Point { x, y: height }: Point, (first, _): (u8, u8)) -> u8 {
    x + height + first
}

pub(super) fn check() {
    assert_eq!(sum(Point { x: 1, y: 2 }, (3, 4)), 6);
}
