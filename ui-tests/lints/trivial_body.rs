//! Statements without an effect.

#![deny(path_statements, unused_comparisons, unused_must_use, dropping_references)]

#[instrumented]
fn none(n: u8, text: &str) {
    n;
    n >= 0;
    n + 1;
    drop(text);
}

fn main() {
    none(1, "");
}
