//! The keys of a span's start.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use telemetry_catalogue::{self as catalogue, Requirement, STOP, Type as KeyType};

use super::checks::{Target, check_format};
use super::stop::{Append, check_append};
use super::tool::automatic;
use crate::args::{Args, Entry, Format, Key, Recorded, WORDS};
use crate::ctxt::{Ctxt, did_you_mean, one_of};
use crate::input::Param;
use crate::model::{Capture, How, SpanKind};

#[allow(clippy::too_many_arguments, reason = "one call; a struct would only rename them")]
pub(super) fn documented(
    spec: &'static catalogue::SpanSpec,
    name: &Ident,
    args: &Args,
    params: &[Param],
    skipped: &dyn Fn(&Ident) -> bool,
    target: &Target<'_>,
    captures: &mut Vec<Capture>,
    cx: &mut Ctxt,
) {
    // What did not parse may have given a key that seems to be missing; so may one that is misspelt.
    let unparsed = !cx.is_empty();
    let mut given: Vec<&'static str> = Vec::new();
    let mut meant: Vec<&str> = Vec::new();
    for entry in &args.keys {
        let text = entry.key.text();
        let Some(field) = spec.start_field(&text) else {
            meant.extend(catalogue::nearest(&text, spec.start.iter().map(|field| field.name())));
            cx.error(&entry.key, unknown_start_key(spec, &text));
            continue;
        };
        if given.contains(&field.key) {
            cx.error(&entry.key, format_args!("`{text}` is given twice"));
            continue;
        }
        given.push(field.key);
        check_append(entry, Append::Refused, cx);
        let how = match (&entry.value, &entry.key) {
            (Some(recorded), _) if field.key == "args" && recorded.format == Format::Serialize => {
                How::JsonArguments(clone(recorded))
            }
            (Some(recorded), _) => {
                check_format(recorded, &text, field.ty, cx);
                How::Expr(clone(recorded), Some(field.ty))
            }
            (None, Key::Ident(ident)) => How::Param(ident.clone(), field.ty),
            (None, Key::Text(_)) => continue,
        };
        captures.push(Capture { key: field.key.to_owned(), how });
    }
    for field in spec.start.iter().filter(|field| !given.contains(&field.key)) {
        let binding = params
            .iter()
            .flat_map(|param| &param.bindings)
            .find(|binding| binding.ident.unraw() == field.name() && !skipped(&binding.ident));
        match field.requirement {
            Requirement::Required if field.ty != KeyType::Flag => match binding {
                Some(binding) => captures.push(Capture {
                    key: field.key.to_owned(),
                    how: How::Param(binding.ident.clone(), field.ty),
                }),
                None if unparsed || meant.contains(&field.name()) => {}
                None => cx.error(name, missing(spec, field, params, target)),
            },
            Requirement::Required => cx.error(name, missing(spec, field, &[], target)),
            Requirement::Optional => {}
            Requirement::Automatic if binding.is_some() && field.key != "args" && field.key != "tool" => {
                captures.extend(binding.map(|binding| Capture {
                    key: field.key.to_owned(),
                    how: How::Param(binding.ident.clone(), field.ty),
                }));
            }
            Requirement::Automatic => automatic(field.key, args, params, skipped, target, captures, name, cx),
        }
    }
}

fn missing(
    spec: &catalogue::SpanSpec,
    field: &catalogue::FieldSpec,
    params: &[Param],
    target: &Target<'_>,
) -> String {
    let is_skipped =
        params.iter().flat_map(|param| &param.bindings).any(|binding| binding.ident == field.name());
    let by_param = match target {
        Target::Inline => String::new(),
        Target::Function { .. } if is_skipped => format!(" (the parameter `{}` is skipped)", field.name()),
        Target::Function { .. } => format!(", or name a parameter `{}`", field.name()),
    };
    format!(
        "`{span}` needs `{key}` ({doc}): add `{key} = EXPR`{by_param}",
        span = spec.short_name,
        key = field.name(),
        doc = field.doc,
    )
}

fn unknown_start_key(spec: &catalogue::SpanSpec, text: &str) -> String {
    if text.contains('.') {
        return format!("a key of your own goes into `fields({text:?} = ..)`");
    }
    let span = spec.short_name;
    if spec.stop_field(text).is_some() || STOP.iter().any(|field| field.is(text)) {
        return format!("`{text}` is known only when `{span}` stops: write `stop(|value| {text} = ..)`");
    }
    if catalogue::START.iter().chain(catalogue::END).any(|field| field.is(text)) {
        return format!("the library takes the measurement `{text}`: remove it");
    }
    if spec.context.iter().any(|key| key.as_str() == text) {
        let from = match text {
            "tool_call_id" if span == "tool_call" => return "write `tool_call_id = EXPR`".to_owned(),
            "agent" | "session_id" | "tool_call_id" => format!("see `Context::with_{text}`"),
            "parent_session_id" => "the span `subagent` around it gives it".to_owned(),
            "iteration" => "the span `iteration` around it gives it".to_owned(),
            // The ids of runs.
            _ => "a running `AgentProcess` gives it".to_owned(),
        };
        return format!("`{text}` comes from the context: {from}");
    }
    if catalogue::span(text).is_some() && spec.start_field(text).is_none() {
        return format!("an attribute takes one span: for `{text}`, put a second attribute on the function");
    }
    let keys = spec.start.iter().map(telemetry_catalogue::FieldSpec::name);
    let near = did_you_mean(
        text,
        keys.clone().chain(WORDS).chain(["name", "tool_call_id"].into_iter().filter(|_| span == "tool_call")),
    );
    if !near.is_empty() {
        return format!("`{span}` has no start key `{text}`{near}");
    }
    let stop_keys = spec.stop.iter().chain(STOP).map(catalogue::FieldSpec::name);
    if let Some(near) = catalogue::nearest(text, stop_keys) {
        return format!(
            "`{span}` has no start key `{text}`; did you mean `{near}`, known when it stops? Write `stop(|value| {near} = ..)`",
        );
    }
    if span == "tool_call" {
        return format!(
            "`#[tool_call]` has no `{text}`; it takes `name = ..`, `tool_call_id = ..`, `args = ..`, and what \
             `agent_span` takes. A key of your own goes into `fields({text} = ..)`",
        );
    }
    if spec.start.is_empty() {
        return format!(
            "`{span}` takes no keys at its start. A key of your own goes into `fields({text} = ..)`"
        );
    }
    format!(
        "`{span}` has no start key `{text}`; it has {}. A key of your own goes into `fields({text} = ..)`",
        one_of(keys).replace(" or ", " and "),
    )
}

/// `fields(..)`: keys of the user's own.
pub(super) fn own_fields(fields: Vec<Entry>, kind: &SpanKind, captures: &mut Vec<Capture>, cx: &mut Ctxt) {
    let mut seen: Vec<String> = Vec::new();
    for entry in fields {
        let text = entry.key.text();
        if seen.contains(&text) {
            cx.error(&entry.key, format_args!("`{text}` is given twice"));
            continue;
        }
        if let Some(field) = kind.spec().and_then(|spec| spec.start_field(&text)) {
            cx.error(
                &entry.key,
                format_args!(
                    "`{text}` is a documented key of `{}`: write `{} = ..` outside of `fields(..)`",
                    kind.name(),
                    field.name(),
                ),
            );
            continue;
        }
        seen.push(text.clone());
        check_append(&entry, Append::Refused, cx);
        let Some(recorded) = entry.recorded() else { continue };
        captures.push(Capture { key: text, how: How::Expr(recorded, None) });
    }
}

fn clone(recorded: &Recorded) -> Recorded {
    Recorded { format: recorded.format, expr: recorded.expr.clone() }
}
