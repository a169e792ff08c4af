//! The recommended metrics of an agent, as Prometheus scrapes them.
//!
//! ```sh
//! cargo run -p telemetry-metrics --example prometheus
//! ```
//!
//! With the exporter's feature `http-listener`, `PrometheusBuilder::install()` serves the same at port 9000.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use telemetry_metrics::{buckets, counter, recommended};
use telemetry_runtime::{agent_span, tool_call};

#[agent_span(agent)]
fn assistant() -> Result<i32, std::num::ParseIntError> {
    parse("40").and_then(|number| Ok(number + parse("2")?)).and_then(|_| parse("two"))
}

#[tool_call]
fn parse(text: &str) -> Result<i32, std::num::ParseIntError> {
    text.parse()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut metrics = recommended();
    metrics.push(counter!("condukt.tool_call.stop", tags("error_type")).name("tool_errors"));

    let mut exporter = PrometheusBuilder::new();
    for (name, bounds) in buckets(&metrics) {
        exporter = exporter.set_buckets_for_metric(Matcher::Full(name.to_owned()), bounds)?;
    }
    let prometheus = exporter.install_recorder()?;
    telemetry_metrics::attach("metrics", metrics)?;

    println!("{:?}", assistant());
    println!("{}", prometheus.render());
    Ok(())
}
