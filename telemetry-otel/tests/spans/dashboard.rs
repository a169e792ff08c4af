//! The dashboard and the alert rules ask for metrics that there are, by labels that they have.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use telemetry_runtime::in_span;

use crate::common::kept;

/// Each metric's labels, by its name as Prometheus has it.
fn exported() -> BTreeMap<String, BTreeSet<String>> {
    let kept = kept(|builder| builder);
    in_span!(agent, agent = "A"; || {
        for model in ["gpt-4o", "nobody-knows"] {
            let usage = json!({"input_tokens": 3, "output_tokens": 2});
            in_span!(llm_turn, model = model, turn = 0, messages = (), stop(|_| usage = usage); || ());
        }
        let _ = in_span!(llm_turn, model = "gpt-4o", turn = 1, messages = (), stop(|()|); || Err::<(), _>("busy"));
        let _ = in_span!(tool_call, tool = "t", args = (); || Err::<(), _>("busy"));
    });
    let _ = in_span!(agent, agent = "A"; || Err::<(), _>("busy"));
    let plain = |name: &str| name.replace(['.', '-'], "_");
    let metrics = kept.metrics();
    let named = metrics.iter().map(|(name, metric)| {
        let unit = if metric["unit"] == "s" { "_seconds" } else { "" };
        let total = if metric["kind"] == "sum" { "_total" } else { "" };
        let points = metric["points"].as_array().unwrap();
        let keys = points.iter().flat_map(|point| point["attributes"].as_object().unwrap().keys());
        (format!("{}{unit}{total}", plain(name)), keys.map(|key| plain(key)).collect())
    });
    named.collect()
}

/// The names before `[` or `{`, and the labels after `by`, of an expression.
fn asked(expression: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names = expression.match_indices(['[', '{']).filter_map(|(at, _)| {
        let name = expression[..at].rsplit(|c| !is_name(c)).next()?;
        let suffixes = ["_bucket", "_count", "_sum"];
        let name = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
        (!name.is_empty()).then(|| name.to_owned())
    });
    let lists = expression.split("by (").skip(1).filter_map(|rest| rest.split(')').next());
    let labels = lists.flat_map(|list| list.split(',')).map(|label| label.trim().to_owned());
    (names.collect(), labels.filter(|label| label != "le").collect())
}

#[test]
fn every_query_is_of_a_metric_that_is_exported() {
    let exported = exported();
    let dashboard: Json = serde_json::from_str(include_str!("../../grafana/dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array()).flatten();
    let mut expressions: Vec<String> =
        targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    let lines = include_str!("../../grafana/alerts.yaml").lines();
    let rules = lines.filter_map(|line| line.trim().strip_prefix("expr: "));
    expressions.extend(rules.map(|rule| serde_json::from_str::<String>(rule).unwrap()));
    assert!(expressions.len() > 20);
    for expression in expressions {
        let (names, labels) = asked(&expression);
        assert!(!names.is_empty(), "{expression}");
        for name in names {
            // No stream is tried here; its metric has the labels of a call's duration.
            let streamed = name.contains("time_to_first_chunk");
            let of = if streamed { "gen_ai_client_operation_duration_seconds" } else { &name };
            let known =
                exported.get(of).unwrap_or_else(|| panic!("no metric {name} among {:?}", exported.keys()));
            let missing: Vec<_> = labels.difference(known).collect();
            assert!(missing.is_empty(), "{name} has no {missing:?}: {expression}");
        }
    }
}
