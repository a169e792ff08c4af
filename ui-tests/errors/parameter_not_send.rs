//! A future that must be `Send` and holds a parameter that is not.

use std::rc::Rc;

#[instrumented]
async fn hold(held: Rc<u8>) -> usize {
    std::future::ready(()).await;
    Rc::strong_count(&held)
}

fn spawn<F: Future + Send + 'static>(_: F) {}

fn main() {
    spawn(hold(Rc::new(1)));
}
