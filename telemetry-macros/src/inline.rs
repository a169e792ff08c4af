//! `in_span!`, `open_span!`, `record!` and `emit!`: parsing and checking.

use proc_macro2::{Ident, Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Token};
use telemetry_catalogue::{self as catalogue, EventSpec, Requirement};

use crate::args::{Args, Entries, Recorded, SpanArg};
use crate::ctxt::{Ctxt, did_you_mean, one_of};
use crate::expand::{self, Runtime};
use crate::valid::{self, Append, Target};

/// `in_span!(SPAN, ..; WORK)`.
pub(crate) fn in_span(tokens: TokenStream) -> TokenStream {
    let mut cx = Ctxt::default();
    let (span, args, work) = Args::of_in_span(tokens, &mut cx);
    let span = span.and_then(|span| valid::span(span, &mut cx));
    let model = span.map(|span| valid::model(span, args, &Target::Inline, &mut cx));
    match (model, work) {
        (Some(model), Some(work)) if cx.is_empty() => expand::in_span(&model, &work),
        _ => cx.into_expr(),
    }
}

/// `record!(SPAN, KEY = EXPR, ..)`, or `record!(span; KEY = EXPR, ..)` for a span that is ended by hand.
pub(crate) fn record(tokens: TokenStream) -> TokenStream {
    let mut cx = Ctxt::default();
    if let Some(span) = span_by_hand(tokens.clone()) {
        return record_by_hand(&span, tokens, cx);
    }
    let (span, args) = Args::of_agent_span(tokens, &mut cx);
    if let Some(SpanArg::Name(name)) = &span
        && is_variable(name)
    {
        let unknown = valid::unknown_span(name);
        let end = if unknown.ends_with('?') { "" } else { "." };
        cx.error(
            name,
            format_args!(
                "{unknown}{end} For an open span in the variable `{name}`, write `record!({name}; KEY = EXPR, ..)`"
            ),
        );
        return cx.into_expr();
    }
    let Some(span) = span.and_then(|span| valid::span(span, &mut cx)) else { return cx.into_expr() };
    for word in args.words() {
        cx.error_at(word, "`record!` takes keys only: `record!(SPAN, KEY = EXPR, ..)`");
    }
    let entries = Entries { keys: args.keys, fields: args.fields };
    let keys = valid::stop_keys(entries, &span, Append::Refused, &mut cx);
    if keys.is_empty() && cx.is_empty() {
        cx.error_at(Span::call_site(), "nothing to record: `record!(SPAN, KEY = EXPR, ..)`");
    }
    let runtime = Runtime::new(args.krate.get());
    if cx.is_empty() { expand::record(&span, &keys, &runtime) } else { cx.into_expr() }
}

/// Whether a name can only be that of a variable.
fn is_variable(name: &Ident) -> bool {
    let text = name.unraw().to_string();
    !valid::is_own(name) && catalogue::span(&text).is_none() && catalogue::event(&text).is_none()
}

/// The span of `record!(span; ..)`.
fn span_by_hand(tokens: TokenStream) -> Option<Expr> {
    let parser = |input: ParseStream<'_>| {
        let span = input.parse::<Expr>()?;
        input.parse::<Token![;]>()?;
        input.parse::<TokenStream>()?;
        Ok(span)
    };
    parser.parse2(tokens).ok()
}

fn record_by_hand(span: &Expr, tokens: TokenStream, mut cx: Ctxt) -> TokenStream {
    let args = Args::of_record(tokens, &mut cx);
    for word in args.words() {
        cx.error_at(word, "`record!` takes keys only: `record!(span; KEY = EXPR, ..)`");
    }
    let entries = Entries { keys: args.keys, fields: args.fields };
    let keys = valid::stop_keys_by_hand(entries, &mut cx);
    if keys.is_empty() && cx.is_empty() {
        cx.error_at(Span::call_site(), "nothing to record: `record!(span; KEY = EXPR, ..)`");
    }
    let runtime = Runtime::new(args.krate.get());
    if cx.is_empty() { expand::record_by_hand(span, &keys, &runtime) } else { cx.into_expr() }
}

/// `open_span!(SPAN, KEY = EXPR, ..)`.
pub(crate) fn open_span(tokens: TokenStream) -> TokenStream {
    let mut cx = Ctxt::default();
    let (span, args) = Args::of_agent_span(tokens, &mut cx);
    let span = span.and_then(|span| valid::span(span, &mut cx));
    for rule in [args.stop.span(), args.err.span(), args.item.span()].into_iter().flatten() {
        cx.error_at(
            rule,
            "`open_span!` takes start keys only. Give the others later: `record!(span; KEY = EXPR, ..)`, \
             `span.stop(&value)`, `span.fail(&error)`",
        );
    }
    if let Some(Some(_)) = args.response.get() {
        let span = args.response.span().unwrap_or_else(Span::call_site);
        cx.error_at(span, "write `response` alone, and give the answer to `span.stop(&answer)`");
    }
    let model = span.map(|span| valid::model(span, args, &Target::Inline, &mut cx));
    match model {
        Some(model) if cx.is_empty() => expand::open_span(&model),
        _ => cx.into_expr(),
    }
}

/// `emit!(EVENT, KEY = EXPR, ..)`, or `emit!(Own { .. })`.
pub(crate) fn emit(tokens: TokenStream) -> TokenStream {
    let mut cx = Ctxt::default();
    let (name, args) = Args::of_agent_span(tokens, &mut cx);
    let runtime = Runtime::new(args.krate.get());
    let name = match name {
        None => return cx.into_expr(),
        Some(SpanArg::Name(name)) if !valid::is_own(&name) => name,
        Some(own) => {
            let own = match own {
                SpanArg::Name(name) => valid::unit(name),
                SpanArg::Own(own) => own,
            };
            for entry in args.keys.iter().chain(&args.fields) {
                cx.error(&entry.key, "an event of your own takes its keys from the fields of its struct");
            }
            return if cx.is_empty() { expand::emit_own(&own, &runtime) } else { cx.into_expr() };
        }
    };
    let text = name.unraw().to_string();
    let Some(event) = catalogue::event(&text) else {
        cx.error(&name, unknown_event(&text));
        return cx.into_expr();
    };
    for word in args.words() {
        cx.error_at(word, "`emit!` takes keys only: `emit!(EVENT, KEY = EXPR, ..)`");
    }
    let entries = entries(event, &name, args, &mut cx);
    if cx.is_empty() { expand::emit(event, &entries, &runtime) } else { cx.into_expr() }
}

fn unknown_event(text: &str) -> String {
    let names = || catalogue::EVENTS.iter().map(|event| event.emit);
    if catalogue::span(text).is_some() {
        return format!(
            "`{text}` is a span, not a single event: put `#[agent_span({text}, ..)]` on a function, or use `in_span!`"
        );
    }
    let near = did_you_mean(text, names());
    let known = if near.is_empty() { format!("; it is one of {}", one_of(names())) } else { near };
    format!("there is no single event `{text}`{known}")
}

fn entries(event: &EventSpec, name: &Ident, args: Args, cx: &mut Ctxt) -> Vec<(String, Recorded)> {
    let fields = || event.measurements.iter().chain(event.metadata);
    let mut entries: Vec<(String, Recorded)> = Vec::new();
    // Keys that were meant, where another name was written: they are not missing.
    let mut meant: Vec<&str> = Vec::new();
    let own = args.fields.into_iter().map(|entry| (entry, true));
    for (entry, is_own) in args.keys.into_iter().map(|entry| (entry, false)).chain(own) {
        let text = entry.key.text();
        let field = fields().find(|field| field.is(&text));
        if field.is_none() && !is_own {
            let near = did_you_mean(&text, fields().map(telemetry_catalogue::FieldSpec::name));
            let known = if near.is_empty() {
                format!("; it has {}", one_of(fields().map(telemetry_catalogue::FieldSpec::name)))
                    .replace(" or ", " and ")
            } else {
                near
            };
            cx.error(&entry.key, format_args!("`{name}` has no key `{text}`{known}"));
            meant.extend(telemetry_catalogue::nearest(
                &text,
                fields().map(telemetry_catalogue::FieldSpec::name),
            ));
            continue;
        }
        if entries.iter().any(|(known, _)| *known == text) {
            cx.error(&entry.key, format_args!("`{text}` is given twice"));
            continue;
        }
        valid::check_append(&entry, Append::Refused, cx);
        let Some(value) = entry.recorded() else { continue };
        if let Some(field) = field {
            valid::check_format(&value, &text, field.ty, cx);
        }
        entries.push((field.map_or(text, |field| field.key.to_owned()), value));
    }
    for field in fields().filter(|field| field.requirement == Requirement::Required) {
        if !entries.iter().any(|(key, _)| key == field.key) && !meant.contains(&field.name()) {
            cx.error(
                name,
                format_args!(
                    "`{name}` needs `{key}` ({doc}): add `{key} = EXPR`",
                    key = field.name(),
                    doc = field.doc
                ),
            );
        }
    }
    entries
}
