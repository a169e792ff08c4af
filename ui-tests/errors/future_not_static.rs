//! A future that must be `'static` and borrows.

#[instrumented]
async fn hold(text: &str) -> usize {
    std::future::ready(()).await;
    text.len()
}

fn spawn<F: Future + Send + 'static>(_: F) {}

fn main() {
    let text = String::new();
    spawn(hold(&text));
}
