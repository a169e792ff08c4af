//! Closures as arguments: called many times, changing what they hold, and once.

#[instrumented]
fn run(read: &dyn Fn() -> u8, mut change: impl FnMut(u8), once: impl FnOnce() -> String) -> String {
    change(read());
    change(read());
    once()
}

pub(super) fn check() {
    let mut seen = Vec::new();
    let word = "a".to_owned();
    assert_eq!(run(&|| 1, |n| seen.push(n), move || word), "a");
    assert_eq!(seen, [1, 1]);
}
