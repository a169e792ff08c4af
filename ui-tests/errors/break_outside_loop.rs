//! `break` and `continue` outside of a loop.
// differs: rustc finds itself in a closure.

#[instrumented]
fn stop(n: u8) -> u8 {
    if n > 1 {
        break;
    }
    n
}

#[instrumented]
async fn stop_later(n: u8) -> u8 {
    if n > 1 {
        continue;
    }
    n
}

fn main() {
    stop(1);
    drop(stop_later(1));
}
