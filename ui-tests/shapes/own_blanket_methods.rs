//! The user's own trait on everything, with the names of methods that ours might have had.
// ends: ok error ok

#![expect(dead_code, reason = "names that are only in the way")]

use futures::executor::block_on;

trait Everywhere: Sized {
    fn capture(self) -> Wrong {
        Wrong
    }
    fn start(self) -> Wrong {
        Wrong
    }
    fn stop(self) -> Wrong {
        Wrong
    }
    fn record(self) -> Wrong {
        Wrong
    }
    fn finish(self) -> Wrong {
        Wrong
    }
    fn ok(self) -> Wrong {
        Wrong
    }
    fn err(self) -> Wrong {
        Wrong
    }
    fn outcome(self) -> Wrong {
        Wrong
    }
    fn value(self) -> Wrong {
        Wrong
    }
    fn error(self) -> Wrong {
        Wrong
    }
    fn get(self) -> Wrong {
        Wrong
    }
    fn call(self) -> Wrong {
        Wrong
    }
    fn serialize(self) -> Wrong {
        Wrong
    }
    fn enabled(self) -> Wrong {
        Wrong
    }
    fn on(self) -> Wrong {
        Wrong
    }
    fn keep(self) -> Wrong {
        Wrong
    }
    fn split(self) -> Wrong {
        Wrong
    }
    fn text(self) -> Wrong {
        Wrong
    }
    fn kind(self) -> Wrong {
        Wrong
    }
    fn then(self) -> Wrong {
        Wrong
    }
    fn display(self) -> Wrong {
        Wrong
    }
    fn observe(self) -> Wrong {
        Wrong
    }
    fn on_stop(self) -> Wrong {
        Wrong
    }
}

impl<T> Everywhere for T {}

struct Wrong;

#[instrumented]
fn positive(n: i32, of: &str) -> Result<i32, String> {
    if n > 0 { Ok(n) } else { Err(of.to_owned()) }
}

#[instrumented]
async fn later(n: i32) -> i32 {
    n
}

pub(super) fn check() {
    assert_eq!(positive(1, ""), Ok(1));
    assert_eq!(positive(0, ""), Err(String::new()));
    assert_eq!(block_on(later(1)), 1);
}
