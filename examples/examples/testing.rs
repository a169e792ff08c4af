//! Tests of an agent: a capture sees what happens under it and nothing else, so that tests run in parallel.

use telemetry_runtime::{agent_span, testing, tool_call};

#[tool_call]
async fn get_temperature(city: &str) -> Result<i32, String> {
    if city == "Oslo" { Ok(-3) } else { Err(format!("no station in {city}")) }
}

#[agent_span(agent, agent = "weather")]
async fn answer(question: &str) -> Result<String, String> {
    let city = question.rsplit(' ').next().unwrap_or_default();
    Ok(format!("{} °C", get_temperature(city).await?))
}

// In a crate of your own each of these is a `#[tokio::test]`.
#[tokio::main]
async fn main() {
    it_asks_the_station_once().await;
    it_passes_failures_on().await;
}

async fn it_asks_the_station_once() {
    let capture = testing::capture();
    let answer = capture.follow(answer("How warm is Oslo")).await;
    assert_eq!(answer.unwrap(), "-3 °C");

    let calls = capture.named("condukt.tool_call.stop");
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].get("args").unwrap()["city"], "Oslo");
    assert_eq!(calls[0].get("result").unwrap(), -3);
}

async fn it_passes_failures_on() {
    let capture = testing::capture_only(telemetry_runtime::event_names!["condukt.tool_call.*"]);
    capture.follow(answer("How warm is Atlantis")).await.unwrap_err();
    // The tree has no times, so it can be a snapshot.
    let tree = capture.tree();
    println!("{tree}");
    assert!(tree.contains("args={\"city\":\"Atlantis\"} error=no station in Atlantis"), "{tree}");
}
