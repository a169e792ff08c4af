//! The README's table of events is that of the catalogue. `UPDATE=1` writes it.

use std::fmt::Write as _;
use std::path::Path;

use telemetry_catalogue::{ContextKey, EVENTS, FieldSpec, Requirement, SPANS};

const BEGIN: &str = "<!-- events: begin -->\n";
const END: &str = "<!-- events: end -->\n";

fn keys(fields: &[FieldSpec]) -> String {
    let keys = fields.iter().map(|field| match field.requirement {
        Requirement::Optional => format!("(`{}`)", field.key),
        Requirement::Required | Requirement::Automatic => format!("`{}`", field.key),
    });
    keys.collect::<Vec<_>>().join(", ")
}

fn stop_keys(fields: &[FieldSpec]) -> String {
    fields.iter().map(|field| format!("`{}`", field.key)).collect::<Vec<_>>().join(", ")
}

fn context(keys: &[ContextKey]) -> String {
    keys.iter().map(|key| format!("`{}`", key.as_str())).collect::<Vec<_>>().join(", ")
}

fn table() -> String {
    let mut out = String::from(
        "| attribute | events | what it is | from the context | at start | at stop |\n|---|---|---|---|---|---|\n",
    );
    for span in SPANS {
        let stop = stop_keys(span.stop);
        let _ = writeln!(
            out,
            "| `{}` | `{}.*` | {} | {} | {} | {stop} |",
            span.short_name,
            span.prefix,
            span.doc,
            context(span.context),
            keys(span.start),
        );
    }
    out.push_str("\n| `emit!` | event | what it is | from the context | measurements | metadata |\n|---|---|---|---|---|---|\n");
    for event in EVENTS {
        let _ = writeln!(
            out,
            "| `{}` | `{}` | {} | {} | {} | {} |",
            event.emit,
            event.name,
            event.doc,
            context(event.context),
            keys(event.measurements),
            keys(event.metadata),
        );
    }
    out
}

#[test]
fn the_table_of_events_is_the_catalogue() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
        return;
    }
    assert!(shown == table(), "the README's events differ from the catalogue: run this test with UPDATE=1");
}
