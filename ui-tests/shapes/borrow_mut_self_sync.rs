//! A borrow of `&mut self`, returned.

struct Stack(Vec<u8>);

impl Stack {
    #[instrumented]
    fn top(&mut self) -> &mut u8 {
        if self.0.is_empty() {
            self.0.push(0);
        }
        &mut self.0[0]
    }
}

pub(super) fn check() {
    let mut stack = Stack(vec![]);
    *stack.top() = 2;
    assert_eq!(stack.0, [2]);
}
