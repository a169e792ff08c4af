//! A type parameter that stands in the return type alone.

#[instrumented]
fn parse<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

pub(super) fn check() {
    assert_eq!(parse::<u16>("12"), Some(12));
}
