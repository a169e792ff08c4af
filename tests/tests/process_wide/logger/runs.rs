//! A run with every event of Condukt, one with every event of Legion, and their lines.

use super::*;

#[derive(Debug)]
struct NoSuchCity(String);

impl fmt::Display for NoSuchCity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no weather for {}", self.0)
    }
}

/// A run of everything that Condukt has, whose durations are the milliseconds given.
pub(super) fn condukt(clock: &FakeClock) {
    #[agent_span(operation, operation = "triage")]
    fn operation(clock: &FakeClock) {
        advance(clock, 1);
        run(clock);
    }

    #[agent_span(run, structured = false, input = true)]
    fn run(clock: &FakeClock) {
        let secrets = Secrets::resolve([("GH_TOKEN", "ghp_12345"), ("DB_URL", "postgres://x")]).unwrap();
        Context::current().with_secrets(secrets).scope(|| assistant(clock));
        advance(clock, 1);
    }

    #[agent_span(agent, agent = "my_app::chat::Assistant")]
    fn assistant(clock: &FakeClock) {
        turn(clock, 0, &["be brief", "weather?"]);
        get_weather("Oslo", clock).unwrap();
        get_weather("Atlantis", clock).unwrap_err();
        delegate(clock);
        emit!(compact, duration = Duration::from_millis(3), before = 40, after = 12);
        emit!(evaluation, name = "relevance", score = 0.5, label = "fair", explanation = "half of it");
    }

    #[agent_span(llm_turn, model = "gpt-4o", stop(|()| usage = json!({"input_tokens": 12, "output_tokens": 3}), finish_reason = "stop"))]
    fn turn(clock: &FakeClock, turn: u32, messages: &[&str]) {
        advance(clock, 20);
    }

    #[tool_call(skip(clock))]
    fn get_weather(city: &str, clock: &FakeClock) -> Result<i32, NoSuchCity> {
        advance(clock, 5);
        if city == "Atlantis" { Err(NoSuchCity(city.to_owned())) } else { Ok(7) }
    }

    #[agent_span(subagent, role = "researcher", child_agent = "my_app::Researcher")]
    fn delegate(clock: &FakeClock) {
        researcher(clock);
    }

    #[agent_span(agent, agent = "my_app::Researcher")]
    fn researcher(clock: &FakeClock) {
        advance(clock, 7);
    }

    operation(clock);
}

pub(super) const CONDUKT: &[(Category, &str)] = &[
    (Category::Operation, "┃ operation:start triage"),
    (Category::Run, "┃   run:start"),
    (Category::Secrets, r#"┃     secrets:resolve ["DB_URL","GH_TOKEN"]"#),
    (Category::Agent, "┃     agent:start Assistant"),
    (Category::Llm, "┃       llm:start gpt-4o #0 messages=2"),
    (Category::Llm, "┃       llm:stop gpt-4o #0 stop tokens=12+3 20ms"),
    (Category::Tool, r#"┃       tool:start get_weather {"city":"Oslo"}"#),
    (Category::Secrets, r#"┃         secrets:access get_weather ["DB_URL","GH_TOKEN"]"#),
    (Category::Tool, "┃       tool:stop get_weather ok 5ms"),
    (Category::Tool, r#"┃       tool:start get_weather {"city":"Atlantis"}"#),
    (Category::Secrets, r#"┃         secrets:access get_weather ["DB_URL","GH_TOKEN"]"#),
    (Category::Tool, "┃       tool:stop get_weather error NoSuchCity: no weather for Atlantis 5ms"),
    (Category::Subagent, "┃▸       subagent:start researcher → Researcher"),
    (Category::Agent, "┃▸         agent:start Researcher"),
    (Category::Agent, "┃▸         agent:stop Researcher ok 7ms"),
    (Category::Subagent, "┃▸       subagent:stop researcher → Researcher ok 7ms"),
    (Category::Agent, "┃       compact 40 → 12 messages 3ms"),
    (Category::Agent, "┃       evaluation relevance 0.5 fair"),
    (Category::Agent, "┃     agent:stop Assistant ok 37ms"),
    (Category::Run, "┃   run:stop ok 38ms"),
    (Category::Operation, "┃ operation:stop triage ok 39ms"),
];

/// A run of everything that Legion has.
pub(super) fn legion(clock: &FakeClock) {
    #[agent_span(agent_message, stop(|()| iterations = 3, result = "done"))]
    fn message(message: &str, clock: &FakeClock) {
        iteration(0, clock);
        let helper = AgentProcess::start("my_app::Helper", || Ok::<_, ()>(())).unwrap();
        helper.context().scope(|| help(&["not", "a string"], clock));
    }

    #[agent_span(iteration, stop(|()| action = "eval_and_continue"))]
    fn iteration(iteration: u32, clock: &FakeClock) {
        request(2);
        eval("a = 1\nb = 2", clock).unwrap();
        eval("loop {}", clock).unwrap_err();
    }

    #[agent_span(llm_request, model = "openai:gpt-4o-mini", message_count = messages)]
    fn request(messages: usize) {}

    #[agent_span(sandbox_eval)]
    fn eval(code: &str, clock: &FakeClock) -> Result<i32, String> {
        advance(clock, 1234);
        if code.starts_with("loop") { Err("timed out".to_owned()) } else { Ok(2) }
    }

    #[agent_span(agent_message, stop(|()| status = "cancel", result = "reached_max_iterations"))]
    fn help(message: &[&str], clock: &FakeClock) {
        fruitless(0);
        advance(clock, 1);
    }

    #[agent_span(iteration, stop(|()| action = None::<&str>))]
    fn fruitless(iteration: u32) {}

    let agent = AgentProcess::start("my_app::MathAgent", || Ok::<_, ()>(())).unwrap();
    let text = format!("He said \"hi\"\n{}", "x".repeat(100));
    agent.context().scope(|| message(&text, clock));
}

pub(super) const LEGION: &[(Category, &str)] = &[
    (Category::Agent, "┃ agent:started MathAgent"),
    // The first 80 characters.
    (
        Category::Message,
        r#"┃ message:start MathAgent "He said \"hi\"\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…""#,
    ),
    (Category::Iteration, "┃   iteration:start MathAgent #0"),
    (Category::Llm, "┃     llm:start openai:gpt-4o-mini messages=2"),
    (Category::Llm, "┃     llm:stop openai:gpt-4o-mini 0ms"),
    // One line where the original has one for each line of code.
    (Category::Sandbox, r#"┃     eval:start "a = 1\nb = 2""#),
    (Category::Sandbox, "┃     eval:stop ok 1234ms"),
    (Category::Sandbox, r#"┃     eval:start "loop {}""#),
    (Category::Sandbox, "┃     eval:stop error error: timed out 1234ms"),
    (Category::Iteration, "┃   iteration:stop MathAgent #0 action=eval_and_continue 2468ms"),
    (Category::Agent, "┃▸   agent:started Helper"),
    (Category::Message, r#"┃▸   message:start Helper ["not","a string"]"#),
    (Category::Iteration, "┃▸     iteration:start Helper #0"),
    (Category::Iteration, "┃▸     iteration:stop Helper #0 action= 0ms"),
    (Category::Message, "┃▸   message:stop Helper iterations= cancel 1ms"),
    (Category::Agent, "┃▸   agent:stopped Helper"),
    (Category::Message, "┃ message:stop MathAgent iterations=3 2469ms"),
    (Category::Agent, "┃ agent:stopped MathAgent"),
];
