//! The tables of `docs/events.md` are the catalogue's; `UPDATE=1` writes them. The README is short, and its links lead
//! somewhere.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use telemetry_catalogue::{
    ContextKey, END, EVENTS, EXCEPTION, FieldSpec, Requirement, SPANS, START, STOP, Type,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

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

fn type_name(ty: Type) -> &'static str {
    match ty {
        Type::Text => "text",
        Type::Texts => "texts",
        Type::Integer => "integer",
        Type::Number => "number",
        Type::Duration => "nanoseconds",
        Type::Flag => "true or false",
        Type::Any => "any",
    }
}

/// Each key once, with what it means; where it means something else on another event, with that too.
fn key_table() -> String {
    let mut rows: Vec<(String, String, String)> = Vec::new();
    let mut add = |place: &str, fields: &[FieldSpec]| {
        for field in fields {
            let mark = if field.extension { " *+*" } else { "" };
            let row =
                (format!("`{}`{mark}", field.key), type_name(field.ty).to_owned(), field.doc.to_owned());
            if rows.iter().any(|known| (&known.0, &known.2) == (&row.0, &row.2)) {
                continue;
            }
            let is_known = rows.iter().any(|known| known.0 == row.0);
            let doc = if is_known { format!("on `{place}`: {}", row.2) } else { row.2 };
            rows.push((row.0, row.1, doc));
        }
    };
    add("start", START);
    add("end", END);
    add("stop", STOP);
    add("exception", EXCEPTION);
    for span in SPANS {
        add(span.short_name, span.start);
        add(span.short_name, span.stop);
    }
    for event in EVENTS {
        add(event.emit, event.measurements);
        add(event.emit, event.metadata);
    }
    let mut out = String::from("| key | type | meaning |\n|---|---|---|\n");
    for (key, ty, doc) in rows {
        let _ = writeln!(out, "| {key} | {ty} | {doc} |");
    }
    out
}

/// The page with what stands between two marks replaced.
fn with_table(page: &str, name: &str, table: &str) -> String {
    let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->\n"));
    let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("no mark {begin}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no mark {end}"));
    format!("{before}{begin}{table}{end}{after}")
}

#[test]
fn the_tables_of_events_and_keys_are_the_catalogue() {
    let path = root().join("docs/events.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let expected = with_table(&with_table(&page, "events", &table()), "keys", &key_table());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, expected).unwrap();
        return;
    }
    assert!(page == expected, "docs/events.md differs from the catalogue: run this test with UPDATE=1");
}

#[test]
fn the_readme_is_short_and_hides_nothing() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.lines().count() <= 120, "{} lines", readme.lines().count());
    for line in readme.lines() {
        assert!(line.chars().count() <= 120, "over 120: {line}");
        assert!(
            !line.starts_with("# ") || line.starts_with("# telemetry-runtime"),
            "rustdoc hides it: {line}"
        );
    }
}

#[test]
fn the_links_of_the_pages_lead_somewhere() {
    let pages = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "examples/README.md"].map(String::from);
    let docs = std::fs::read_dir(root().join("docs")).unwrap().map(|file| file.unwrap().path());
    let docs = docs
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| format!("docs/{}", path.file_name().unwrap().to_str().unwrap()));
    for page in docs.chain(pages) {
        let path = root().join(&page);
        let text = std::fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            let file = link.split('#').next().unwrap();
            let is_local = !file.is_empty() && !file.contains("://") && !file.contains(' ');
            assert!(
                !is_local || path.parent().unwrap().join(file).exists(),
                "{page} links to {file}, which is not there"
            );
        }
    }
}

/// Without `test = false` cargo builds a crate a second time for unit tests that it does not have.
#[test]
fn a_crate_that_builds_no_unit_tests_has_none() {
    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { sources(&path, found) } else { found.push(path) }
        }
    }
    let mut left_out = 0;
    for entry in std::fs::read_dir(root()).unwrap() {
        let folder = entry.unwrap().path();
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        if !manifest.contains("[lib]\ntest = false")
            && !manifest.contains("[lib]\nbench = false\ntest = false")
        {
            continue;
        }
        left_out += 1;
        let mut files = Vec::new();
        sources(&folder.join("src"), &mut files);
        for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs")) {
            let text = std::fs::read_to_string(file).unwrap();
            assert!(!text.contains("#[test]"), "{} has a test that is never built", file.display());
        }
    }
    assert!(left_out > 0, "no manifest leaves out unit tests");
}
