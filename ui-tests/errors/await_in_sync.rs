//! `.await` in a function that is not `async`.

#[instrumented]
fn wait() -> u8 {
    std::future::ready(1).await
}

fn main() {
    wait();
}
