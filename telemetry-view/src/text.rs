//! Runs as a tree, for a terminal.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::model::{Kind, Losses, Model, Span, State, Tokens};

/// Writes all conversations, the oldest first: a line each span, with tokens and cost.
pub(crate) fn write(model: &Model, out: &mut impl Write) -> io::Result<()> {
    let totals = model.totals();
    write!(
        out,
        "{} sessions  {} agents  {} turns  {} tool calls  {} failures",
        totals.sessions, totals.agents, totals.turns, totals.tool_calls, totals.failures
    )?;
    if totals.cancellations > 0 {
        write!(out, "  {} cancelled", totals.cancellations)?;
    }
    writeln!(out, "  {}", spent(totals.tokens, totals.cost))?;
    losses(model.losses(), out)?;
    for summary in model.sessions() {
        let Some(session) = model.session(summary.number) else { continue };
        writeln!(
            out,
            "\n{} {}  {}  {}{}  {}",
            summary.kind,
            plain(&summary.id),
            summary.state.as_str(),
            duration(summary.duration.saturating_mul(1000)),
            if summary.failures > 0 { format!("  {} failed", summary.failures) } else { String::new() },
            spent(summary.tokens, summary.cost),
        )?;
        for (span, depth) in model.tree(session) {
            writeln!(out, "{:width$}{}", "", line(span), width = (depth + 1).min(40) * 2)?;
        }
    }
    Ok(())
}

fn losses(losses: Losses, out: &mut impl Write) -> io::Result<()> {
    for (count, what) in [
        (losses.evicted_spans, "spans made room for newer ones"),
        (losses.dropped_events, "events were lost"),
        (losses.unreadable_lines, "lines could not be read"),
    ] {
        if count > 0 {
            writeln!(out, "{count} {what}")?;
        }
    }
    Ok(())
}

fn line(span: &Span) -> String {
    let mut line = format!("{} {}", span.kind.as_str(), plain(&span.name));
    if let (Kind::Turn | Kind::Iteration, Some(turn)) = (span.kind, span.turn) {
        let _ = write!(line, " #{turn}");
    }
    if span.state != State::Done {
        let _ = write!(line, " {}", span.state.as_str());
    }
    if let Some(usage) = &span.usage {
        let _ = write!(line, " {}+{}", usage.input.unwrap_or(0), usage.output.unwrap_or(0));
    }
    if let Some(cost) = span.cost {
        let _ = write!(line, " {}", money(cost));
    }
    if let Some(nanos) = span.duration {
        let _ = write!(line, " {}", duration(nanos));
    }
    let summary = span.error.as_deref().unwrap_or(&span.preview);
    if !summary.is_empty() && (span.kind != Kind::Turn || span.error.is_some()) {
        let _ = write!(line, "  {}", plain(summary));
    }
    line
}

/// A text that a terminal shows and does not obey.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
        if c.is_control() || turns {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

fn spent(tokens: Tokens, cost: Option<f64>) -> String {
    let mut out = format!("{}+{} tokens", tokens.input, tokens.output);
    if tokens.cached > 0 {
        let _ = write!(out, " ({} cached)", tokens.cached);
    }
    if let Some(cost) = cost {
        let _ = write!(out, "  {}", money(cost));
    }
    out
}

pub(crate) fn money(cost: f64) -> String {
    if cost != 0.0 && cost.abs() < 1.0 { format!("${cost:.4}") } else { format!("${cost:.2}") }
}

#[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(crate) fn duration(nanos: u64) -> String {
    let seconds = nanos as f64 / 1e9;
    match nanos {
        0..1_000_000_000 => format!("{:.1}ms", seconds * 1e3),
        1_000_000_000..60_000_000_000 => format!("{seconds:.2}s"),
        _ => format!("{}m{:02}s", nanos / 60_000_000_000, nanos / 1_000_000_000 % 60),
    }
}
