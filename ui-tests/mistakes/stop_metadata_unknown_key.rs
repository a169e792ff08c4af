//! `StopMetadata` fields that the span does not have.

use telemetry_runtime::StopMetadata;

#[derive(StopMetadata)]
#[stop_of(llm_turn)]
struct Reply {
    assistant_mesage: String,
    usage: u32,
    latency: u32,
}

fn main() {
    let reply = Reply { assistant_mesage: String::new(), usage: 1, latency: 1 };
    let _ = (reply.assistant_mesage, reply.usage, reply.latency);
}
