//! A field of a parameter that the body moves, and the parameter's method.

#![allow(dead_code, reason = "only the attribute uses it")]

use futures::executor::block_on;

struct Request {
    url: String,
}

impl Request {
    fn url(&self) -> &str {
        &self.url
    }
}

#[instrumented(fields(url = request.url(), field = request.url, length = request.url.len()))]
async fn fetch(request: Request) -> String {
    std::future::ready(request).await.url
}

pub(super) fn check() {
    assert_eq!(block_on(fetch(Request { url: "u".to_owned() })), "u");
}
