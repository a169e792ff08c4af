//! A borrow of `&mut self`, returned, `async`.

use futures::executor::block_on;

struct Stack(Vec<u8>);

impl Stack {
    #[instrumented]
    async fn top(&mut self) -> &mut u8 {
        self.0.push(std::future::ready(0).await);
        &mut self.0[0]
    }
}

pub(super) fn check() {
    let mut stack = Stack(vec![]);
    *block_on(stack.top()) = 2;
    assert_eq!(stack.0, [2]);
}
