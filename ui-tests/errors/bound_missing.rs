//! A generic parameter used for more than its bounds say.

#[instrumented]
fn show<T>(of: T) -> String {
    of.to_string()
}

#[instrumented]
async fn clone<T>(of: &T) -> T {
    of.clone()
}

fn main() {
    show(1);
    drop(clone(&1));
}
