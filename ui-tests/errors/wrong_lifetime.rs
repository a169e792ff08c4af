//! A borrow that does not live as long as the return type says.

#[instrumented]
fn pick<'a, 'b>(left: &'a str, right: &'b str) -> &'a str {
    if left.is_empty() { right } else { left }
}

#[instrumented]
async fn pick_later<'a, 'b>(left: &'a str, right: &'b str) -> &'a str {
    if left.is_empty() { right } else { left }
}

fn main() {}
