//! Closures that are returned, whose parameters have the types that the function's own says.
// ends: ok ok ok ok ok

#[instrumented]
fn length() -> impl Fn(&str) -> usize {
    |s| s.len()
}

#[instrumented]
fn same() -> impl for<'a> Fn(&'a str) -> &'a str {
    |s| s
}

#[instrumented]
fn again<T: Clone + Send>(times: usize, _like: &T) -> impl Fn(&T) -> Vec<T> + Send {
    let times = times + 1;
    move |value| vec![value.clone(); times]
}

#[instrumented]
fn pair(by: usize) -> (impl Fn(&str) -> usize, u8, impl Fn(&str) -> &str) {
    (move |s| s.len() * by, 2, |s| s.trim())
}

#[instrumented]
fn in_a_block(by: usize) -> impl Fn(&str) -> usize {
    {
        let by = by + 1;
        move |s| s.len() * by
    }
}

pub(super) fn check() {
    assert_eq!(length()("four"), 4);
    assert_eq!(same()("four"), "four");
    assert_eq!(again(1, &7)(&7), [7, 7]);
    assert_eq!(in_a_block(1)("four"), 8);
    let (length, two, trimmed) = pair(2);
    assert_eq!((length("four"), two, trimmed(" four ")), (8, 2, "four"));
}
