//! The catalogue as a file: JSON for programs, Markdown for people, or a registry for OpenTelemetry Weaver.
//!
//! ```sh
//! cargo run -p telemetry-catalogue --example export -- json
//! cargo run -p telemetry-catalogue --example export -- markdown
//! cargo run -p telemetry-catalogue --example export -- weaver > registry/events.yaml
//! ```
//!
//! The registry is JSON, which is YAML.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use telemetry_catalogue::{
    ContextKey, END, EVENTS, EXCEPTION, FieldSpec, Phase, Requirement, SPANS, START, STOP, Type,
};

/// One event, whatever it is part of.
struct Entry {
    name: &'static str,
    /// What stands in an annotation or in `emit!`.
    written: &'static str,
    doc: &'static str,
    since: Option<&'static str>,
    measurements: Vec<&'static FieldSpec>,
    context: &'static [ContextKey],
    metadata: Vec<&'static FieldSpec>,
}

fn entries() -> Vec<Entry> {
    let spans = SPANS.iter().flat_map(|span| {
        Phase::ALL.map(|phase| {
            let (measurements, keys) = match phase {
                Phase::Start => (START, vec![span.start]),
                Phase::Stop => (END, vec![span.start, span.stop, STOP]),
                Phase::Exception => (END, vec![span.start, span.stop, EXCEPTION]),
            };
            let mut metadata: Vec<&FieldSpec> = Vec::new();
            for field in keys.into_iter().flatten() {
                if !metadata.iter().any(|known| known.key == field.key) {
                    metadata.push(field);
                }
            }
            Entry {
                name: span.event(phase),
                written: span.short_name,
                doc: span.doc,
                since: span.since,
                measurements: measurements.iter().collect(),
                context: span.context,
                metadata,
            }
        })
    });
    let events = EVENTS.iter().map(|event| Entry {
        name: event.name,
        written: event.emit,
        doc: event.doc,
        since: event.since,
        measurements: event.measurements.iter().collect(),
        context: event.context,
        metadata: event.metadata.iter().collect(),
    });
    spans.chain(events).collect()
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            letter if letter < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

fn list(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(","))
}

fn requirement(field: &FieldSpec) -> &'static str {
    match field.requirement {
        Requirement::Required => "required",
        Requirement::Optional => "optional",
        Requirement::Automatic => "automatic",
    }
}

fn field_json(field: &'static FieldSpec) -> String {
    format!(
        "{{\"key\":{},\"type\":{},\"requirement\":{},\"beyond\":{},\"since\":{},\"doc\":{}}}",
        quoted(field.key),
        quoted(field.ty.as_str()),
        quoted(requirement(field)),
        field.extension,
        field.since.map_or_else(|| "null".to_owned(), quoted),
        quoted(field.doc)
    )
}

/// All events with all that is known of them.
pub(crate) fn json() -> String {
    let events = entries().into_iter().map(|entry| {
        format!(
            "\n{{\"event\":{},\"written\":{},\"doc\":{},\"since\":{},\"context\":{},\"measurements\":{},\"metadata\":{}}}",
            quoted(entry.name),
            quoted(entry.written),
            quoted(entry.doc),
            entry.since.map_or_else(|| "null".to_owned(), quoted),
            list(entry.context.iter().map(|key| quoted(key.as_str()))),
            list(entry.measurements.iter().copied().map(field_json)),
            list(entry.metadata.iter().copied().map(field_json))
        )
    });
    format!("{{\"events\":{}}}\n", list(events))
}

/// A heading and a table for each event.
pub(crate) fn markdown() -> String {
    let mut out = String::from("# Events\n");
    for entry in entries() {
        let since = entry.since.map(|since| format!(" Since {since}.")).unwrap_or_default();
        let _ = write!(out, "\n## `{}`\n\n`{}`: {}.{since}\n\n", entry.name, entry.written, entry.doc);
        out.push_str("| key | where | type | given | what |\n|---|---|---|---|---|\n");
        let mut row = |key: &str, place: &str, ty: &str, given: &str, doc: &str| {
            let _ = writeln!(out, "| `{key}` | {place} | {ty} | {given} | {doc} |");
        };
        for key in entry.context {
            let since = key.since().map(|since| format!("; since {since}")).unwrap_or_default();
            row(key.as_str(), "context", key.ty().as_str(), "automatic", &format!("from the context{since}"));
        }
        for (place, fields) in [("measurement", &entry.measurements), ("metadata", &entry.metadata)] {
            for field in fields {
                let beyond = if field.extension { "; beyond the two documents" } else { "" };
                let since = field.since.map(|since| format!("; since {since}")).unwrap_or_default();
                let doc = format!("{}{beyond}{since}", field.doc);
                row(field.key, place, field.ty.as_str(), requirement(field), &doc);
            }
        }
    }
    out
}

/// The type of an attribute in a registry.
fn weaver_type(ty: Type) -> &'static str {
    match ty {
        Type::Text => "string",
        Type::Integer | Type::Duration => "int",
        Type::Number => "double",
        Type::Flag => "boolean",
        Type::Texts => "string[]",
        Type::Any => "any",
    }
}

/// The id of a key in a registry: of the framework that has it, since an id has one meaning, without the question mark.
fn weaver_id(event: &str, key: &str) -> String {
    let framework = event.split('.').next().unwrap_or(event);
    format!("{framework}.{}", key.trim_end_matches('?'))
}

/// A registry of semantic conventions: a group with all attributes, and a group for each event that refers to them.
pub(crate) fn weaver() -> String {
    let mut attributes: BTreeMap<String, (Type, &str)> = BTreeMap::new();
    let mut groups = Vec::new();
    for entry in entries() {
        let context =
            entry.context.iter().map(|key| (key.as_str(), key.ty(), "from the context", "recommended"));
        let fields = entry.measurements.iter().chain(&entry.metadata).map(|field| {
            let level = if field.requirement == Requirement::Required { "required" } else { "recommended" };
            (field.key, field.ty, field.doc, level)
        });
        let mut seen: Vec<String> = Vec::new();
        let mut refs = Vec::new();
        for (key, ty, doc, level) in context.chain(fields) {
            let id = weaver_id(entry.name, key);
            let known = attributes.entry(id.clone()).or_insert((ty, doc));
            // One id has one type: where events differ, it may be anything.
            if known.0 != ty {
                known.0 = Type::Any;
            }
            if !seen.contains(&id) {
                refs.push(format!("{{\"ref\":{},\"requirement_level\":{}}}", quoted(&id), quoted(level)));
                seen.push(id);
            }
        }
        groups.push(format!(
            "\n{{\"id\":{},\"type\":\"event\",\"name\":{},\"brief\":{},\"stability\":\"development\",\"attributes\":{}}}",
            quoted(&format!("event.{}", entry.name)),
            quoted(entry.name),
            quoted(entry.doc),
            list(refs)
        ));
    }
    let attributes = attributes.into_iter().map(|(id, (ty, doc))| {
        format!(
            "\n{{\"id\":{},\"type\":{},\"brief\":{},\"stability\":\"development\"{}}}",
            quoted(&id),
            quoted(weaver_type(ty)),
            quoted(doc),
            // The checker asks for examples of texts.
            match ty {
                Type::Text => ",\"examples\":[\"example\"]",
                Type::Texts => ",\"examples\":[[\"example\"]]",
                _ => "",
            }
        )
    });
    let registry = format!(
        "\n{{\"id\":\"registry.agents\",\"type\":\"attribute_group\",\"display_name\":\"Agents\",\"brief\":\"Keys of the events \
         of LLM agents\",\"attributes\":{}}}",
        list(attributes)
    );
    groups.insert(0, registry);
    format!("{{\"groups\":{}}}\n", list(groups))
}

fn main() -> std::process::ExitCode {
    let form = std::env::args().nth(1);
    let text = match form.as_deref() {
        Some("json") => json(),
        Some("markdown") => markdown(),
        Some("weaver") => weaver(),
        _ => {
            eprintln!("usage: export json|markdown|weaver");
            return std::process::ExitCode::FAILURE;
        }
    };
    print!("{text}");
    std::process::ExitCode::SUCCESS
}
