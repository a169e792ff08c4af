//! Struct and tuple struct patterns, renaming and leaving fields out.

struct Point {
    x: i32,
    y: i32,
    name: String,
}

struct Wrapper<T>(T, u8);

#[instrumented]
fn describe(Point { x, y: height, .. }: Point, Wrapper(inner, ..): Wrapper<&str>) -> String {
    format!("{x} {height} {inner}")
}

pub(super) fn check() {
    let point = Point { x: 1, y: 2, name: "p".to_owned() };
    assert_eq!(point.name, "p");
    assert_eq!(describe(point, Wrapper("w", 0)), "1 2 w");
    assert_eq!(Wrapper(0, 1).1, 1);
}
