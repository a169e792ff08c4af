//! Arguments that are `Send` but not `Sync`, held over an await.

use std::cell::Cell;

use futures::executor::block_on;

#[instrumented]
async fn run(cell: Cell<u8>, callback: Box<dyn Fn() -> u8 + Send>, text: &mut String) -> u8 {
    std::future::ready(()).await;
    text.push('!');
    cell.set(cell.get() + callback());
    std::future::ready(()).await;
    cell.get()
}

fn assert_send<T: Send>(value: T) -> T {
    value
}

pub(super) fn check() {
    let mut text = String::new();
    let future = assert_send(run(Cell::new(1), Box::new(|| 2), &mut text));
    assert_eq!(block_on(future), 3);
}
