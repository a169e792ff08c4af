//! A concrete stream type inside a `Result`.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;
use telemetry_runtime::agent_span;

struct Chunks(u8);

impl Stream for Chunks {
    type Item = String;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<String>> {
        Poll::Ready(None)
    }
}

#[agent_span(llm_turn, model = "m", messages = "x", stream, item(|chunk| assistant_message += chunk.as_str()))]
async fn complete() -> Result<Chunks, std::io::Error> {
    Ok(Chunks(1))
}

struct Response {
    stream: Chunks,
}

#[agent_span(llm_turn, model = "m", messages = "x", stream)]
async fn respond() -> Result<Response, std::io::Error> {
    Ok(Response { stream: Chunks(1) })
}

fn main() {}
