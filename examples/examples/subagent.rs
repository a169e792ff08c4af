//! An agent that delegates to another, which works in a session of its own under the caller's.

use telemetry_runtime::{agent_span, testing};

struct Planner;
struct Researcher;

impl Planner {
    #[agent_span(agent)]
    async fn plan(&self, trip: &str) -> String {
        format!("{trip}: {}", ask_researcher(&Researcher, trip).await)
    }
}

impl Researcher {
    #[agent_span(agent)]
    async fn research(&self, question: &str) -> String {
        format!("{} letters of facts", question.len())
    }
}

// The next `agent` inside opens a session, whose parent is the one around.
#[agent_span(subagent, role = "researcher", child_agent = std::any::type_name::<Researcher>())]
async fn ask_researcher(researcher: &Researcher, question: &str) -> String {
    researcher.research(question).await
}

#[tokio::main]
async fn main() {
    let capture = testing::capture();
    println!("{}", capture.follow(Planner.plan("Oslo")).await);

    for event in capture.events() {
        println!(
            "{:<24} session {:?}, parent {:?}",
            event.name,
            event.get("session_id"),
            event.get("parent_session_id")
        );
    }
    let agents = capture.named("condukt.agent.stop");
    assert_eq!(agents[0].get("parent_session_id"), agents[1].get("session_id"));
    let delegation = &capture.named("condukt.subagent.stop")[0];
    assert_eq!(delegation.get("session_id"), agents[0].get("session_id"));
}
