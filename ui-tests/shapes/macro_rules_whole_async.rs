//! An `async fn` written by a macro, its parts from outside.

use futures::executor::block_on;

macro_rules! define {
    ($name:ident($($argument:ident: $type:ty),*) -> $output:ty $body:block) => {
        #[instrumented]
        async fn $name($($argument: $type),*) -> $output $body
    };
}

define!(sum(a: u8, b: u8) -> u8 { std::future::ready(a).await + b });

pub(super) fn check() {
    assert_eq!(block_on(sum(1, 2)), 3);
}
