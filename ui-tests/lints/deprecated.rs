//! Something deprecated in the signature and in the body, and the function itself.

#![deny(deprecated)]

#[deprecated(note = "use `New`")]
struct Old;

#[instrumented]
fn take(old: Old) {
    drop(old);
    let _ = Old;
}

#[instrumented]
#[deprecated = "use nothing"]
async fn later() {}

fn main() {
    let _: fn(_) = take;
    drop(later());
}
