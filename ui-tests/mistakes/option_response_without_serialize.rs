//! `response` on a value that does not implement `Serialize`.

use telemetry_runtime::agent_span;

struct Reply {
    raw: String,
}

#[agent_span(llm_turn, model = "m", messages = "x", response)]
fn complete() -> Result<Reply, std::io::Error> {
    Ok(Reply { raw: String::new() })
}

#[agent_span(llm_turn, model = "m", messages = "x", response(&reply.raw))]
fn projected() -> Result<Reply, std::io::Error> {
    Ok(Reply { raw: String::new() })
}

fn main() {}
