//! A return type whose lifetime cannot be inferred.

#[instrumented]
fn longer(left: &str, right: &str) -> &str {
    if left.len() > right.len() { left } else { right }
}

fn main() {}
