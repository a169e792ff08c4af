//! The tree of spans and events that snapshots hold.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::sorted::sorted;
use crate::event::OwnedEvent;
use crate::ids::SpanId;
use crate::value::Json;

/// Keys that differ from run to run.
const CHANCE: &[&str] = &[
    "session_id",
    "parent_session_id",
    "run_id",
    "parent_run_id",
    #[cfg(feature = "newer-events")]
    "agent_id",
    #[cfg(feature = "newer-events")]
    "parent_agent_id",
    "stacktrace",
];

pub(super) fn render(events: &[OwnedEvent]) -> String {
    /// A line of the tree, with the span it is, or is in.
    struct Line<'e> {
        parent: Option<SpanId>,
        span: Option<SpanId>,
        event: &'e OwnedEvent,
        end: Option<&'e OwnedEvent>,
    }
    fn phase(event: &OwnedEvent) -> Option<(&str, &str)> {
        let spans = event.name.rsplit_once('.')?;
        let single = telemetry_catalogue::EVENTS.iter().any(|known| known.name == event.name);
        (!single && matches!(spans.1, "start" | "stop" | "exception")).then_some(spans)
    }

    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut opened: HashMap<SpanId, usize> = HashMap::new();
    for event in events {
        let ids = event.span;
        match (phase(event), ids) {
            (Some((_, "start")), Some(ids)) => {
                opened.insert(ids.id, lines.len());
                lines.push(Line { parent: ids.parent_id, span: Some(ids.id), event, end: None });
            }
            (Some(_), Some(ids)) => match opened.get(&ids.id) {
                Some(index) => lines[*index].end = Some(event),
                None => {
                    lines.push(Line { parent: ids.parent_id, span: Some(ids.id), event, end: Some(event) });
                }
            },
            _ => lines.push(Line { parent: ids.map(|ids| ids.id), span: None, event, end: None }),
        }
    }

    fn write(
        out: &mut String,
        lines: &[Line<'_>],
        opened: &HashMap<SpanId, usize>,
        at: Option<SpanId>,
        depth: usize,
    ) {
        for line in lines {
            let parent = line.parent.filter(|parent| opened.contains_key(parent));
            if parent != at {
                continue;
            }
            let shown = line.end.unwrap_or(line.event);
            let (name, ended) = match phase(shown) {
                Some((prefix, "start")) => (prefix, " open"),
                Some((prefix, "stop")) => (prefix, " stop"),
                Some((prefix, _)) => (prefix, " exception"),
                None => (&*shown.name, ""),
            };
            let _ = write!(out, "{:width$}{name}{ended}", "", width = depth * 2);
            // `serde_json` keeps its maps sorted or not as others in the build ask.
            let by_key: BTreeMap<&String, &Json> = shown.metadata.iter().collect();
            for (key, value) in by_key.into_iter().filter(|(key, _)| !CHANCE.contains(&&***key)) {
                let text = value
                    .as_str()
                    .map_or_else(|| sorted(value).to_string(), |text| text.escape_debug().to_string());
                let _ = write!(out, " {key}={text}");
            }
            out.push('\n');
            if let Some(span) = line.span {
                write(out, lines, opened, Some(span), depth + 1);
            }
        }
    }

    let mut out = String::new();
    write(&mut out, &lines, &opened, None, 0);
    out
}
