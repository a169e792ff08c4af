//! The page, with and without the data inside.

use std::io::{self, Write};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::model::Model;
use telemetry_runtime::recording::{Header, Line, VERSION};

/// The one page there is.
const PAGE: &str = include_str!("page.html");
/// Where the policy of a saved page goes, and its data.
const POLICY: &str = "<!-- policy -->";
const DATA: &str = "<!-- data -->";

/// What the page's own script and style hash to, which is all that may run.
static HASHES: LazyLock<[String; 2]> = LazyLock::new(|| {
    ["script", "style"].map(|name| {
        let inside = PAGE
            .split_once(&format!("<{name}>"))
            .and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
        let hash = Sha256::digest(inside.map_or("", |(inside, _)| inside));
        format!("'sha256-{}'", BASE64_STANDARD.encode(hash))
    })
});

fn policy(connect: &str) -> String {
    let [script, style] = &*HASHES;
    format!(
        "default-src 'none'; script-src {script}; style-src {style}; img-src data:; connect-src {connect}; base-uri 'none'; form-action 'none'"
    )
}

pub(crate) fn live_policy() -> String {
    format!("{}; frame-ancestors 'none'", policy("'self'"))
}

pub(crate) fn live_page() -> &'static str {
    PAGE
}

/// What a saved page knows at once. Its events and conversations it reads when they are asked for.
#[derive(Serialize)]
struct Saved<'m> {
    live: bool,
    reset: bool,
    more: bool,
    #[serde(flatten)]
    changes: crate::model::Changes<'m>,
    breakdown: crate::model::Breakdown,
}

/// Writes the page with everything in it, to be opened from a disk.
pub(crate) fn page(model: &Model, out: &mut impl Write) -> io::Result<()> {
    let (before, rest) = PAGE.split_once(POLICY).unwrap_or((PAGE, ""));
    let (between, after) = rest.split_once(DATA).unwrap_or((rest, ""));
    out.write_all(before.as_bytes())?;
    write!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">", policy("'none'"))?;
    out.write_all(between.as_bytes())?;

    let saved = Saved {
        live: false,
        reset: false,
        more: false,
        changes: model.changes(0, usize::MAX),
        breakdown: model.breakdown(),
    };
    out.write_all(b"<script type=\"application/json\" id=\"saved\">")?;
    inert(&serde_json::to_string(&saved)?, out)?;
    out.write_all(b"</script>\n<script type=\"text/plain\" id=\"saved-events\">")?;
    for (number, line) in model.numbered_lines() {
        // What stands before the tab says whose it is; a shared value is nobody's.
        match number {
            Some(number) => write!(out, "{number}\t")?,
            None => out.write_all(b"\t")?,
        }
        inert(&line, out)?;
        out.write_all(b"\n")?;
    }
    out.write_all(b"</script>\n<script type=\"text/plain\" id=\"saved-conversations\">")?;
    for session in model.sessions() {
        write!(out, "{}\t", session.number)?;
        inert(&serde_json::to_string(&model.transcript(session.number))?, out)?;
        out.write_all(b"\n")?;
    }
    out.write_all(b"</script>")?;
    out.write_all(after.as_bytes())
}

/// JSON in which nothing can end the element around it: `<` stands within strings alone, and is escaped there.
fn inert(json: &str, out: &mut impl Write) -> io::Result<()> {
    let mut parts = json.split('<');
    if let Some(first) = parts.next() {
        out.write_all(first.as_bytes())?;
    }
    for part in parts {
        out.write_all(b"\\u003c")?;
        out.write_all(part.as_bytes())?;
    }
    Ok(())
}

/// Writes every event as a recording.
pub(crate) fn lines(model: &Model, out: &mut Vec<u8>) -> io::Result<()> {
    Line::Header(Header { telemetry: VERSION, program: "telemetry-view".to_owned(), pid: 0, system_time: 0 })
        .write(out);
    for (_, line) in model.numbered_lines() {
        out.write_all(line.as_bytes())?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
