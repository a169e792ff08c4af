//! A future that must be `Send + 'static`, run on another thread.

use futures::executor::block_on;

struct Client {
    name: String,
}

#[instrumented]
async fn greet(client: Client, times: usize) -> String {
    std::future::ready(()).await;
    client.name.repeat(times)
}

fn spawn<F: Future<Output = String> + Send + 'static>(future: F) -> String {
    fn assert_sized<T>(_: &T) {}
    assert_sized(&future);
    block_on(future)
}

pub(super) fn check() {
    assert_eq!(spawn(greet(Client { name: "a".to_owned() }, 2)), "aa");
}
