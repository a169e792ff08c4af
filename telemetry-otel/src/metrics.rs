//! Metrics: made from every event, whether or not its span is sampled. Their attributes have few
//! values: no ids, no counts, no content.

use std::borrow::Cow;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter, UpDownCounter};
use telemetry_llm::Usage;
use telemetry_runtime::Event;

use crate::config::convention::Convention;
use crate::config::options::Options;
use crate::mapping::names;
use crate::mapping::table::{self as mapping, ROWS, SpanMapping};
use crate::span::attributes::SpanAttributes;
use crate::span::outcome::Outcome;
use crate::span::rollup::Sums;

/// 0.01 s doubled: model calls and tools.
const CALL_SECONDS: [f64; 14] =
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
/// 0.1 s doubled: agents.
const AGENT_SECONDS: [f64; 13] = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6];
/// From a second to two hours: operations, which are workflows to the conventions.
const WORKFLOW_SECONDS: [f64; 11] = [1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0];
/// Powers of 4.
const TOKENS: [f64; 14] = [
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// From 10 ms to five minutes: calls by MCP.
const MCP_SECONDS: [f64; 14] =
    [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];

/// Powers of 2: the calls of one agent.
const CALLS: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

/// What is measured of one kind of span.
struct Measured {
    duration: Histogram<f64>,
    failures: Counter<u64>,
    cancellations: Counter<u64>,
}

/// The instruments.
pub(crate) struct Instruments {
    /// One for each line of the table.
    rows: Vec<Measured>,
    first_chunk: Histogram<f64>,
    per_chunk: Histogram<f64>,
    tokens: Tokens,
    /// What model calls cost, and how many have tokens and no known price.
    cost: Counter<f64>,
    unpriced: Counter<u64>,
    inference_calls: Histogram<u64>,
    tool_calls: Histogram<u64>,
    mcp_client: Histogram<f64>,
    mcp_server: Histogram<f64>,
    secrets_resolve: Counter<u64>,
    secrets_access: Counter<u64>,
    active: UpDownCounter<i64>,
}

/// How tokens are counted, which the versions do not agree on.
enum Tokens {
    /// One histogram, with the type as an attribute.
    ByType(Histogram<u64>),
    /// A histogram for each direction, and a counter for each kind.
    ByName { input: Histogram<u64>, output: Histogram<u64>, counters: [Counter<u64>; 5] },
}

impl Tokens {
    fn new(meter: &Meter, convention: Convention) -> Self {
        let histogram = |name: &'static str, description: &'static str| {
            let tokens = meter.u64_histogram(name).with_description(description).with_unit("{token}");
            tokens.with_boundaries(TOKENS.to_vec()).build()
        };
        let counter = |kind: &str| {
            let name = format!("gen_ai.client.inference.usage.{kind}");
            let description = format!("Tokens used, {kind}.");
            meter.u64_counter(name).with_description(description).with_unit("{token}").build()
        };
        match convention {
            Convention::V1_41_1 => Self::ByType(histogram(
                "gen_ai.client.token.usage",
                "Tokens of a model call, input and output.",
            )),
            Convention::Latest => Self::ByName {
                input: histogram(
                    "gen_ai.client.inference.operation.input_tokens",
                    "Input tokens of a model call.",
                ),
                output: histogram(
                    "gen_ai.client.inference.operation.output_tokens",
                    "Output tokens of a model call.",
                ),
                counters: [
                    "input_tokens",
                    "output_tokens",
                    "cache_read.input_tokens",
                    "cache_write.input_tokens",
                    "reasoning.output_tokens",
                ]
                .map(counter),
            },
        }
    }

    fn record(&self, usage: &Usage, attributes: &[KeyValue]) {
        match self {
            Self::ByType(histogram) => {
                for (kind, count) in [("input", usage.input), ("output", usage.output)] {
                    if let Some(count) = count {
                        let mut attributes = attributes.to_vec();
                        attributes.push(KeyValue::new(names::TOKEN_TYPE, kind));
                        histogram.record(count, &attributes);
                    }
                }
            }
            Self::ByName { input, output, counters } => {
                for (histogram, count) in [(input, usage.input), (output, usage.output)] {
                    if let Some(count) = count {
                        histogram.record(count, attributes);
                    }
                }
                let counts =
                    [usage.input, usage.output, usage.cache_read, usage.cache_write, usage.reasoning];
                for (counter, count) in counters.iter().zip(counts) {
                    if let Some(count) = count {
                        counter.add(count, attributes);
                    }
                }
            }
        }
    }
}

impl Instruments {
    pub(crate) fn new(meter: &Meter, convention: Convention) -> Self {
        let seconds = |name: &'static str, description: String, boundaries: &[f64]| {
            let seconds = meter.f64_histogram(name).with_description(description).with_unit("s");
            seconds.with_boundaries(boundaries.to_vec()).build()
        };
        let counter = |name: String, description: String, unit: &'static str| {
            meter.u64_counter(name).with_description(description).with_unit(unit).build()
        };
        let first_chunk = match convention {
            Convention::V1_41_1 => "gen_ai.client.operation.time_to_first_chunk",
            Convention::Latest => "gen_ai.client.inference.time_to_first_chunk",
        };
        let per_chunk = match convention {
            Convention::V1_41_1 => "gen_ai.client.operation.time_per_output_chunk",
            Convention::Latest => "gen_ai.client.inference.time_per_output_chunk",
        };
        let calls =
            |latest: &'static str, name: &'static str, description: &'static str, unit: &'static str| {
                let name = if convention == Convention::Latest { latest } else { name };
                let calls = meter.u64_histogram(name).with_description(description).with_unit(unit);
                calls.with_boundaries(CALLS.to_vec()).build()
            };
        let measured = |row: &SpanMapping| {
            let boundaries: &[f64] = match row.operation {
                Some("chat" | "execute_tool") => &CALL_SECONDS,
                Some("invoke_workflow") => &WORKFLOW_SECONDS,
                _ => &AGENT_SECONDS,
            };
            let SpanMapping { prefix, plural, .. } = row;
            let duration = row.duration.of(convention).unwrap_or_default();
            Measured {
                // Rows that share a name share the description.
                duration: seconds(duration, format!("Duration of {plural}."), boundaries),
                failures: counter(format!("{prefix}.failures"), format!("Failed {plural}."), "{failure}"),
                cancellations: counter(
                    format!("{prefix}.cancellations"),
                    format!("Cancelled {plural}."),
                    "{cancellation}",
                ),
            }
        };
        let secrets = |what: &str, description: &str| {
            counter(format!("condukt.secrets.{what}.count"), description.to_owned(), "{secret}")
        };
        Self {
            rows: ROWS.iter().map(measured).collect(),
            first_chunk: seconds(
                first_chunk,
                "Time to the first chunk of a streamed model call.".to_owned(),
                &CALL_SECONDS,
            ),
            per_chunk: seconds(
                per_chunk,
                "Time from one chunk of a streamed model call to the next.".to_owned(),
                &CALL_SECONDS,
            ),
            tokens: Tokens::new(meter, convention),
            cost: meter
                .f64_counter("telemetry.llm.cost")
                .with_description("What model calls cost, as the provider states or by the table of prices.")
                .with_unit("{USD}")
                .build(),
            unpriced: counter(
                "telemetry.llm.unpriced".to_owned(),
                "Model calls with tokens whose price is not known.".to_owned(),
                "{call}",
            ),
            inference_calls: calls(
                "gen_ai.invoke_agent.inference_calls",
                "telemetry.agent.inference_calls",
                "Model calls of one agent invocation.",
                "{inference_call}",
            ),
            tool_calls: calls(
                "gen_ai.invoke_agent.tool_calls",
                "telemetry.agent.tool_calls",
                "Tool calls of one agent invocation.",
                "{tool_call}",
            ),
            mcp_client: seconds(
                "mcp.client.operation.duration",
                "Duration of requests by MCP, from when they are sent.".to_owned(),
                &MCP_SECONDS,
            ),
            mcp_server: seconds(
                "mcp.server.operation.duration",
                "Duration of requests by MCP, from when they are received.".to_owned(),
                &MCP_SECONDS,
            ),
            secrets_resolve: secrets("resolve", "Secrets resolved for sessions."),
            secrets_access: secrets("access", "Secrets that tool calls received."),
            active: meter
                .i64_up_down_counter("legion.agent.active")
                .with_description("Agent processes that are alive.")
                .with_unit("{agent}")
                .build(),
        }
    }

    /// Measures a span that ended: a documented one, or one of the user's own that is an operation of the
    /// conventions.
    pub(crate) fn span(
        &self,
        row: Option<(usize, &SpanMapping)>,
        made: &SpanAttributes,
        outcome: &Outcome,
        event: &Event<'_>,
        options: &Options,
    ) {
        let Some((index, row)) = row else { return self.operation(made, outcome, event, options) };
        let measured = &self.rows[index];
        let mut attributes = attributes(row, made);
        if row.is_inference() {
            if let Some(first) = made.first_chunk {
                self.first_chunk.record(first, &attributes);
            }
            if let Some(between) = made.per_chunk {
                self.per_chunk.record(between, &attributes);
            }
            if let Some(usage) = made.usage {
                let mut spent = attributes.clone();
                spent.extend(made.agent.clone().map(|agent| KeyValue::new(names::AGENT_NAME, agent)));
                self.tokens.record(&usage, &spent);
                match made.cost {
                    Some(cost) => self.cost.add(cost, &spent),
                    None => self.unpriced.add(1, &spent),
                }
            }
        }
        let error_type = outcome.error_type(options.outcomes());
        let failed = error_type.is_some() && *outcome != Outcome::Cancelled;
        attributes.extend(error_type.map(|error_type| KeyValue::new(names::ERROR_TYPE, error_type)));
        if let Some(duration) = event.measurements().duration() {
            measured.duration.record(duration.as_secs_f64(), &attributes);
        }
        if row.is_tool() {
            self.mcp(made, outcome, event, options);
        }
        if failed {
            measured.failures.add(1, &attributes);
        }
        if *outcome == Outcome::Cancelled {
            measured.cancellations.add(1, &attributes);
        }
    }

    /// Measures a tool that is called by MCP, on the side that it asks to be shown as.
    fn mcp(&self, made: &SpanAttributes, outcome: &Outcome, event: &Event<'_>, options: &Options) {
        let duration = match made.asked_kind.as_deref() {
            Some("server") => &self.mcp_server,
            _ => &self.mcp_client,
        };
        let (Some(method), Some(took)) = (made.mcp_method.clone(), event.measurements().duration()) else {
            return;
        };
        let mut attributes =
            vec![KeyValue::new(names::MCP_METHOD, method), KeyValue::new(names::OPERATION, "execute_tool")];
        let error_type = outcome.error_type(options.outcomes());
        let status = error_type.clone().filter(|code| code.parse::<i32>().is_ok());
        for (name, value) in [
            (names::TOOL_NAME, made.called.clone().map(Cow::Owned)),
            (names::MCP_PROTOCOL, made.mcp_protocol.clone().map(Cow::Owned)),
            (names::ERROR_TYPE, error_type),
            (names::RPC_STATUS, status),
        ] {
            attributes.extend(value.map(|value| KeyValue::new(name, value)));
        }
        duration.record(took.as_secs_f64(), &attributes);
    }

    /// Measures an operation of the conventions that has no annotation of its own.
    fn operation(&self, made: &SpanAttributes, outcome: &Outcome, event: &Event<'_>, options: &Options) {
        // The conventions ask for who serves it.
        let (Some(operation), Some(provider)) = (made.operation.clone(), made.provider.clone()) else {
            return;
        };
        let chat = ROWS.iter().position(SpanMapping::is_inference);
        let (Some(duration), Some(measured)) =
            (event.measurements().duration(), chat.map(|row| &self.rows[row]))
        else {
            return;
        };
        let mut attributes =
            vec![KeyValue::new(names::OPERATION, operation), KeyValue::new(names::PROVIDER, provider)];
        attributes.extend(made.model.clone().map(|model| KeyValue::new(names::REQUEST_MODEL, model)));
        let error_type = outcome.error_type(options.outcomes());
        attributes.extend(error_type.map(|error_type| KeyValue::new(names::ERROR_TYPE, error_type)));
        measured.duration.record(duration.as_secs_f64(), &attributes);
    }

    /// Measures what one invocation of an agent came to.
    pub(crate) fn agent(&self, made: &SpanAttributes, sums: &Sums) {
        let agent = made.agent.clone().map(|agent| KeyValue::new(names::AGENT_NAME, agent));
        self.inference_calls.record(sums.inference_calls, agent.as_slice());
        self.tool_calls.record(sums.tool_calls, agent.as_slice());
    }

    /// Counts a single event.
    pub(crate) fn event(&self, event: &Event<'_>) {
        let text = |key: &str, name: &'static str| {
            event.metadata().get_str(key).map(|text| KeyValue::new(name, text.to_owned()))
        };
        let agent = text("agent", names::AGENT_NAME);
        let count = event.measurements().get("count").and_then(|count| count.as_u64());
        match (event.name(), count) {
            ("condukt.secrets.resolve", Some(count)) => {
                self.secrets_resolve.add(count, agent.as_slice());
            }
            ("condukt.secrets.access", Some(count)) => {
                let attributes: Vec<_> = agent.into_iter().chain(text("tool", names::TOOL_NAME)).collect();
                self.secrets_access.add(count, &attributes);
            }
            ("legion.agent.started", _) => self.active.add(1, agent.as_slice()),
            ("legion.agent.stopped", _) => self.active.add(-1, agent.as_slice()),
            _ => {}
        }
    }
}

/// The attributes of a duration, a token count or a failure.
fn attributes(row: &SpanMapping, made: &SpanAttributes) -> Vec<KeyValue> {
    let mut attributes = Vec::with_capacity(5);
    if row.is_inference() {
        let operation = made.operation.clone().map(Cow::Owned).or(row.operation.map(Cow::Borrowed));
        attributes.extend(operation.map(|operation| KeyValue::new(names::OPERATION, operation)));
        attributes.extend(made.provider.clone().map(|provider| KeyValue::new(names::PROVIDER, provider)));
        attributes.extend(made.model.clone().map(|model| KeyValue::new(names::REQUEST_MODEL, model)));
        let response = made.response_model.clone();
        attributes.extend(response.map(|model| KeyValue::new(names::RESPONSE_MODEL, model)));
        let address = made.server_address.clone();
        attributes.extend(address.map(|address| KeyValue::new(names::SERVER_ADDRESS, address)));
        attributes.extend(made.server_port.map(|port| KeyValue::new(names::SERVER_PORT, port)));
        return attributes;
    }
    attributes.extend(made.agent.clone().map(|agent| KeyValue::new(names::AGENT_NAME, agent)));
    match row.operation {
        Some("execute_tool") => {
            let constant =
                row.constants.iter().find(|(name, _)| *name == mapping::TOOL).map(|(_, tool)| *tool);
            let tool = made.called.clone().or(constant.map(str::to_owned));
            attributes.extend(tool.map(|tool| KeyValue::new(names::TOOL_NAME, tool)));
        }
        Some("invoke_workflow") => {
            attributes.extend(made.called.clone().map(|name| KeyValue::new("gen_ai.workflow.name", name)));
        }
        _ => {}
    }
    attributes
}
