//! Metrics of events, measurements, keys and options that do not exist.

use telemetry_metrics::{counter, distribution, last_value, sum, summary};

fn main() {
    let _ = distribution!("condukt.agent.stop.duraton");
    let _ = summary!("condukt.agent.start.duration");
    let _ = sum!("condukt.agnt.stop.duration");
    let _ = counter!("condukt.tool_call.stop.count");
    let _ = counter!("condukt.tool_call.stop", tags("tol", "status"));
    let _ = last_value!("condukt.compact.stop");
    let _ = counter!("condukt.tool_call.stop", labels("tool"));
    let _ = sum!("condukt.agent.stop", value = 3);
}
