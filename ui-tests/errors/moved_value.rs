//! A value used after it was moved.

#[instrumented]
fn twice(text: String) -> usize {
    drop(text);
    text.len()
}

#[instrumented]
async fn twice_later(text: String) -> usize {
    drop(text);
    text.len()
}

fn main() {
    twice(String::new());
    drop(twice_later(String::new()));
}
