//! Integration tests: see `tests/`. The README's examples are compiled here.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
