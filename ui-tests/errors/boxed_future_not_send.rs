//! A boxed future that says `Send` and holds what is not.

use std::pin::Pin;
use std::rc::Rc;

#[instrumented]
fn hold(held: Rc<u8>) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    Box::pin(async move {
        std::future::ready(()).await;
        Rc::strong_count(&held)
    })
}

fn main() {
    drop(hold(Rc::new(1)));
}
