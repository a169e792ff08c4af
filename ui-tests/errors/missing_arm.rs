//! A `match` that leaves something out.

#[instrumented]
fn name(of: Option<bool>) -> &'static str {
    match of {
        Some(true) => "yes",
        None => "neither",
    }
}

fn main() {
    name(None);
}
