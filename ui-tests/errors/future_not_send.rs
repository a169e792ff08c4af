//! A future that must be `Send` and holds what is not.

use std::rc::Rc;

#[instrumented]
async fn hold(n: u8) -> usize {
    let held = Rc::new(n);
    std::future::ready(()).await;
    Rc::strong_count(&held)
}

fn spawn<F: Future + Send + 'static>(_: F) {}

fn main() {
    spawn(hold(1));
}
