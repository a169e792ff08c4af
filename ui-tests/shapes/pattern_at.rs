//! `@`, over a struct and over a slice.

#[derive(Clone, Copy)]
struct Point {
    x: u8,
    y: u8,
}

#[instrumented]
fn sum(point @ Point { x, .. }: Point, all @ [first, ..]: [u8; 2]) -> u8 {
    point.y + x + all[1] + first
}

pub(super) fn check() {
    assert_eq!(sum(Point { x: 1, y: 2 }, [3, 4]), 10);
}
