//! Struct patterns, `async`, a field moved into the future.

use futures::executor::block_on;

struct Point {
    x: i32,
    name: String,
}

#[instrumented]
async fn describe(Point { x, name }: Point) -> String {
    format!("{} {name}", std::future::ready(x).await)
}

pub(super) fn check() {
    assert_eq!(block_on(describe(Point { x: 1, name: "p".to_owned() })), "1 p");
}
