//! The page, with and without the data inside.

use std::io::{self, Write};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use base64::write::EncoderWriter;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use crate::model::{AT_A_TIME, Cursor, Model};
use telemetry_runtime::recording::{Header, Line, VERSION};

/// The one page there is.
const PAGE: &str = include_str!("page.html");
/// Where the policy of a saved page goes, and its data.
const POLICY: &str = "<!-- policy -->";
const DATA: &str = "<!-- data -->";
/// How many bytes of lines go into one piece of a saved page.
const PIECE: usize = 4 << 20;

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

/// Writes the page with everything in it, to be opened from a disk.
///
/// What it knows stands behind its script in pieces, those that are shown first before the others, so that the page is
/// there while a browser still parses the rest. They are compressed, as parsing is what takes a browser its time.
pub(crate) fn page(model: &Model, out: &mut impl Write) -> io::Result<()> {
    let (before, rest) = PAGE.split_once(POLICY).unwrap_or((PAGE, ""));
    let (between, after) = rest.split_once(DATA).unwrap_or((rest, ""));
    out.write_all(before.as_bytes())?;
    write!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">", policy("'none'"))?;
    out.write_all(b"<meta name=\"saved\">")?;
    out.write_all(between.as_bytes())?;

    let mut since = Cursor::default();
    loop {
        let changes = model.changes(since, AT_A_TIME);
        piece(out, "spans", &serde_json::to_vec(&changes)?)?;
        since = changes.next;
        if !changes.more {
            break;
        }
    }
    piece(out, "breakdown", &serde_json::to_vec(&model.breakdown())?)?;
    let conversations = model.sessions().into_iter().map(|session| {
        let transcript = serde_json::to_string(&model.transcript(session.number))?;
        Ok(format!("{}\t{transcript}\n", session.number))
    });
    pieces(out, "conversations", conversations)?;
    // The number before the tab is the span's; a shared value belongs to no span.
    let events = model.numbered_lines().map(|(number, line)| {
        let number = number.map(|number| number.to_string()).unwrap_or_default();
        Ok(format!("{number}\t{line}\n"))
    });
    pieces(out, "events", events)?;
    out.write_all(after.as_bytes())
}

/// Writes lines, many in a piece.
fn pieces(
    out: &mut impl Write,
    kind: &str,
    lines: impl Iterator<Item = io::Result<String>>,
) -> io::Result<()> {
    let mut text = Vec::new();
    for line in lines {
        text.extend_from_slice(line?.as_bytes());
        if text.len() >= PIECE {
            piece(out, kind, &text)?;
            text.clear();
        }
    }
    if text.is_empty() { Ok(()) } else { piece(out, kind, &text) }
}

/// Writes one piece. Nothing in base64 can end the element around it.
fn piece(out: &mut impl Write, kind: &str, text: &[u8]) -> io::Result<()> {
    write!(out, "<script type=\"application/gzip\" class=\"saved-{kind}\">")?;
    let mut packed = GzEncoder::new(EncoderWriter::new(&mut *out, &BASE64_STANDARD), Compression::new(3));
    packed.write_all(text)?;
    packed.finish()?.finish()?;
    out.write_all(b"</script>\n")
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
