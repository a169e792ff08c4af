//! Two mutable borrows at once.

#[instrumented]
fn both(words: &mut Vec<String>) {
    let first = &mut words[0];
    words.push(String::new());
    first.push('a');
}

#[instrumented]
async fn both_later(words: &mut Vec<String>) {
    let first = &mut words[0];
    words.push(String::new());
    first.push('a');
}

fn main() {}
