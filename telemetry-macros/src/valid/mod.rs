//! Checks what was written against the catalogue and against the function, and decides what gives each key. The
//! returned model has passed every check that needs only the catalogue and the signature.

mod checks;
mod start;
mod stop;
mod tool;

use proc_macro2::Ident;
use syn::ExprStruct;
use syn::ext::IdentExt;
use telemetry_catalogue::{self as catalogue, Type as KeyType};

pub(crate) use checks::{Target, check_format};
pub(crate) use stop::{Append, check_append, stop_keys, stop_keys_by_hand};
pub(crate) use tool::{is_parameters, whole_ident};

use crate::args::{Args, SpanArg};
use crate::ctxt::{Ctxt, did_you_mean, one_of};
use crate::input::Param;
use crate::model::{Model, Options, ResponseRule, SpanKind};
use start::{documented, own_fields};
use stop::stop_rule;
use tool::take_apart;

/// Finds out which span is meant.
pub(crate) fn span(arg: SpanArg, cx: &mut Ctxt) -> Option<SpanKind> {
    match arg {
        SpanArg::Own(own) => {
            if let Some(rest) = &own.rest {
                cx.error(rest, "a span is given with all its fields");
            }
            Some(SpanKind::Own(own))
        }
        SpanArg::Name(name) => {
            let text = name.unraw().to_string();
            if let Some(spec) = catalogue::span(&text) {
                return Some(SpanKind::Documented(spec, name));
            }
            if is_own(&name) {
                return Some(SpanKind::Own(unit(name)));
            }
            if catalogue::event(&text).is_some() {
                cx.error(&name, format_args!("`{text}` is a single event, not a span: `emit!({text}, ..)`"));
                return None;
            }
            cx.error(&name, unknown_span(&name));
            None
        }
    }
}

/// What messages say of a name that is no span's.
pub(crate) fn unknown_span(name: &Ident) -> String {
    let near = did_you_mean(&name.unraw().to_string(), catalogue::span_names());
    if near.is_empty() {
        return format!(
            "there is no span `{name}`; it is one of {}, or a span of your own such as `Retrieval {{ query }}`",
            one_of(catalogue::span_names()),
        );
    }
    format!("there is no span `{name}`{near}")
}

/// Whether a name is a struct of the user's: one without fields.
pub(crate) fn is_own(name: &Ident) -> bool {
    name.unraw().to_string().starts_with(char::is_uppercase)
}

/// The value of that struct.
pub(crate) fn unit(name: Ident) -> ExprStruct {
    ExprStruct {
        attrs: Vec::new(),
        qself: None,
        path: name.into(),
        brace_token: syn::token::Brace::default(),
        fields: syn::punctuated::Punctuated::new(),
        dot2_token: None,
        rest: None,
    }
}

/// Checks everything else.
pub(crate) fn model(kind: SpanKind, args: Args, target: &Target<'_>, cx: &mut Ctxt) -> Model {
    let params: &[Param] = match target {
        Target::Function { params, .. } => params,
        Target::Inline => &[],
    };
    check_skips(&args, params, target, cx);
    let skipped = |ident: &Ident| args.skip_all.is_set() || args.skip.contains(ident);
    let mut captures = Vec::new();
    if let SpanKind::Documented(spec, name) = &kind {
        documented(spec, name, &args, params, &skipped, target, &mut captures, cx);
    } else {
        let near = did_you_mean(&kind.name().to_lowercase(), catalogue::span_names());
        for entry in &args.keys {
            cx.error(&entry.key, format_args!(
                "`{span}` is a span of your own: its fields stand in `{span} {{ .. }}`, and further keys in \
                 `fields({key} = ..)`{near}",
                span = kind.name(), key = entry.key.text(),
            ));
        }
    }
    own_fields(args.fields, &kind, &mut captures, cx);
    let stop = args.stop.0.map(|(span, rule)| stop_rule(span, rule, &kind, Append::Refused, cx));
    let err = args.err.0.map(|(span, rule)| stop_rule(span, rule, &kind, Append::Refused, cx));
    if let Some(span) = args.item.span()
        && !args.stream.is_set()
        && matches!(target, Target::Function { .. })
    {
        cx.error_at(span, "`item(..)` needs a stream: add `stream`");
    }
    let item = args.item.0.map(|(span, rule)| stop_rule(span, rule, &kind, Append::Allowed, cx));
    let response = args.response.0.map(|(span, projection)| ResponseRule { span, projection });
    if let Some(response) = &response
        && kind.spec().is_none_or(|spec| spec.stop_field("response_model").is_none())
    {
        cx.error_at(
            response.span,
            format_args!(
                "`response` reads the answer of a model: it goes with `llm_turn` and `llm_request`, not with `{}`",
                kind.name(),
            ),
        );
    }
    if let Some(agent) = args.agent.get() {
        check_format(agent, "agent", KeyType::Text, cx);
    }
    let mut model = Model {
        captures,
        agent: args.agent.0.map(|(_, agent)| agent),
        tool_call_id: args.tool_call_id.0.map(|(_, id)| id),
        options: Options { future: args.future.span(), stream: args.stream.span() },
        context: args.context.0.map(|(_, context)| context),
        stop,
        err,
        item,
        response,
        krate: args.krate.0.map(|(_, path)| path),
        span: kind,
    };
    take_apart(&mut model, params);
    model
}

fn check_skips(args: &Args, params: &[Param], target: &Target<'_>, cx: &mut Ctxt) {
    if let Target::Inline = target {
        for ident in &args.skip {
            cx.error(ident, "there are no parameters to skip here");
        }
        for slot in [args.skip_all.span(), args.future.span(), args.stream.span()].into_iter().flatten() {
            cx.error_at(slot, "this option is for functions only: `in_span!` takes its work after the `;`");
        }
        return;
    }
    let known =
        || params.iter().flat_map(|param| &param.bindings).map(|binding| binding.ident.unraw().to_string());
    let mut seen: Vec<&Ident> = Vec::new();
    for ident in &args.skip {
        let name = ident.unraw().to_string();
        if seen.contains(&ident) {
            cx.error(ident, format_args!("`{name}` is skipped twice"));
        } else if name == "self" {
            cx.error(ident, "`self` is never captured, so there is nothing to skip");
        } else if !known().any(|known| known == name) {
            let all: Vec<String> = known().collect();
            let near = did_you_mean(&name, all.iter().map(|name| &**name));
            cx.error(ident, format_args!("there is no parameter `{name}` to skip{near}"));
        }
        seen.push(ident);
    }
}
