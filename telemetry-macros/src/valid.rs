//! Checking what was written against the catalogue and against the function, and deciding who gives
//! each key. What comes out cannot be wrong in a way that this stage could see.

use proc_macro2::{Ident, Span};
use quote::{ToTokens, format_ident};
use syn::ext::IdentExt;
use syn::{Expr, ExprStruct, Path, Type};
use telemetry_catalogue::{self as catalogue, Requirement, STOP, Type as KeyType};

use crate::args::{Args, Entry, Key, Recorded, Rule, Sigil, SpanArg, WORDS};
use crate::ctxt::{Ctxt, did_you_mean, one_of};
use crate::input::{Param, mentions};

/// A span that exists.
pub(crate) enum SpanKind {
    Documented(&'static catalogue::SpanSpec, Ident),
    Own(ExprStruct),
}

impl SpanKind {
    /// What messages call it.
    fn name(&self) -> String {
        match self {
            Self::Documented(span, _) => span.short_name.to_owned(),
            Self::Own(own) => {
                own.path.segments.last().map_or_else(String::new, |last| last.ident.to_string())
            }
        }
    }

    pub(crate) fn spec(&self) -> Option<&'static catalogue::SpanSpec> {
        match self {
            Self::Documented(span, _) => Some(span),
            Self::Own(_) => None,
        }
    }

    pub(crate) fn is(&self, attribute: &str) -> bool {
        self.spec().is_some_and(|spec| spec.short_name == attribute)
    }
}

/// One key to capture at start.
pub(crate) struct Capture {
    pub(crate) key: String,
    pub(crate) how: How,
}

/// How a value is captured.
pub(crate) enum How {
    /// An expression, recorded now.
    Expr(Recorded, Option<KeyType>),
    /// A parameter, kept.
    Param(Ident, KeyType),
    /// The arguments of a tool: parameters by name.
    Arguments(Vec<Argument>),
    /// The one argument of a tool that is a map of its own: `Parameters<T>`.
    Whole(Ident),
}

/// One argument of a tool.
pub(crate) struct Argument {
    pub(crate) name: String,
    pub(crate) ident: Ident,
    pub(crate) cfgs: Vec<syn::Attribute>,
}

/// A key computed from a return value, an error or an item.
pub(crate) struct StopKey {
    pub(crate) key: StopKeyName,
    pub(crate) value: Recorded,
    pub(crate) ty: Option<KeyType>,
}

/// A stop key's name.
pub(crate) enum StopKeyName {
    Documented(&'static str),
    /// A field of the user's own span's stop keys.
    Own(Ident),
}

/// A checked rule.
pub(crate) struct StopRule {
    /// Where its keyword stands.
    pub(crate) span: Span,
    pub(crate) pat: syn::Pat,
    pub(crate) keys: Vec<StopKey>,
}

/// How the work is to be reached.
pub(crate) struct Options {
    pub(crate) future: Option<Span>,
    pub(crate) stream: Option<Span>,
    pub(crate) context: Option<Span>,
}

/// What an annotation means.
pub(crate) struct Model {
    pub(crate) span: SpanKind,
    pub(crate) captures: Vec<Capture>,
    pub(crate) agent: Option<Recorded>,
    pub(crate) tool_call_id: Option<Recorded>,
    pub(crate) context: Option<Expr>,
    pub(crate) stop: Option<StopRule>,
    pub(crate) err: Option<StopRule>,
    pub(crate) item: Option<StopRule>,
    pub(crate) krate: Option<Path>,
    pub(crate) options: Options,
}

impl Model {
    /// Whether the annotation needs that variable before the work.
    pub(crate) fn takes(&self, ident: &Ident) -> bool {
        let is_argument = |capture: &Capture| match &capture.how {
            How::Arguments(arguments) => arguments.iter().any(|argument| argument.ident == *ident),
            How::Whole(whole) => whole == ident,
            How::Expr(..) | How::Param(..) => false,
        };
        self.mentions(ident) || self.captures.iter().any(is_argument)
    }

    /// Whether the annotation says that variable, other than as one of a tool's arguments.
    pub(crate) fn mentions(&self, ident: &Ident) -> bool {
        let is = |other: &Ident| other == ident;
        let said = |value: &Recorded| mentions(value.expr.to_token_stream(), &is);
        let captured = self.captures.iter().any(|capture| match &capture.how {
            How::Expr(value, _) => said(value),
            How::Param(param, _) => param == ident,
            How::Arguments(_) | How::Whole(_) => false,
        });
        let own = match &self.span {
            SpanKind::Own(own) => mentions(own.fields.to_token_stream(), &is),
            SpanKind::Documented(..) => false,
        };
        let context = self.context.iter().any(|context| mentions(context.to_token_stream(), &is));
        captured || own || context || self.agent.iter().chain(&self.tool_call_id).any(said)
    }

    /// Where the span is named.
    pub(crate) fn span_span(&self) -> Span {
        match &self.span {
            SpanKind::Documented(_, name) => name.span(),
            SpanKind::Own(own) => syn::spanned::Spanned::span(&own.path),
        }
    }
}

/// What is annotated.
pub(crate) enum Target<'f> {
    /// A function, with its parameters and its name.
    Function { params: &'f [Param], name: &'f Ident },
    /// No function: an `in_span!`.
    Inline,
}

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
            let near = did_you_mean(&text, catalogue::span_names());
            let known = if near.is_empty() {
                format!(
                    "; it is one of {}, or a span of your own such as `Retrieval {{ query }}`",
                    one_of(catalogue::span_names())
                )
            } else {
                near
            };
            cx.error(&name, format_args!("there is no span `{name}`{known}"));
            None
        }
    }
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
        for entry in &args.keys {
            cx.error(&entry.key, format_args!(
                "`{span}` is a span of your own: its fields stand in `{span} {{ .. }}`, and further keys in \
                 `fields({key} = ..)`",
                span = kind.name(), key = entry.key.text(),
            ));
        }
    }
    own_fields(args.fields, &kind, &mut captures, cx);
    let stop = args.stop.0.map(|(span, rule)| stop_rule(span, rule, &kind, cx));
    let err = args.err.0.map(|(span, rule)| stop_rule(span, rule, &kind, cx));
    if let Some(span) = args.item.span()
        && !args.stream.is_set()
        && matches!(target, Target::Function { .. })
    {
        cx.error_at(span, "`item(..)` is for a function that gives a stream: add `stream`");
    }
    let item = args.item.0.map(|(span, rule)| stop_rule(span, rule, &kind, cx));
    if let Some(agent) = args.agent.get() {
        check_sigil(agent, "agent", KeyType::Text, cx);
    }
    Model {
        captures,
        agent: args.agent.0.map(|(_, agent)| agent),
        tool_call_id: args.tool_call_id.0.map(|(_, id)| id),
        options: Options {
            future: args.future.span(),
            stream: args.stream.span(),
            context: args.context.span(),
        },
        context: args.context.0.map(|(_, context)| context),
        stop,
        err,
        item,
        krate: args.krate.0.map(|(_, path)| path),
        span: kind,
    }
}

fn check_skips(args: &Args, params: &[Param], target: &Target<'_>, cx: &mut Ctxt) {
    if let Target::Inline = target {
        for ident in &args.skip {
            cx.error(ident, "there are no parameters to skip here");
        }
        for slot in [args.skip_all.span(), args.future.span(), args.stream.span()].into_iter().flatten() {
            cx.error_at(slot, "this is for functions; here what stands behind `;` says what the work is");
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

#[allow(clippy::too_many_arguments, reason = "one call; a struct would only rename them")]
fn documented(
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
        let how = match (&entry.value, &entry.key) {
            (Some(recorded), _) => {
                check_sigil(recorded, &text, field.ty, cx);
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
        "`{span}` needs `{key}`, {doc}: add `{key} = EXPR`{by_param}",
        span = spec.short_name,
        key = field.name(),
        doc = field.doc,
    )
}

fn unknown_start_key(spec: &catalogue::SpanSpec, text: &str) -> String {
    let span = spec.short_name;
    if spec.stop_field(text).is_some() || STOP.iter().any(|field| field.is(text)) {
        return format!("`{text}` is known only when `{span}` stops: write `stop(|value| {text} = ..)`");
    }
    if catalogue::START.iter().chain(catalogue::END).any(|field| field.is(text)) {
        return format!("`{text}` is a measurement, which the library takes");
    }
    if catalogue::span(text).is_some() && spec.start_field(text).is_none() {
        return format!("`{text}` is another span; for a second span put a second attribute on the function");
    }
    if spec.context.iter().any(|key| key.as_str() == text) {
        return match text {
            "tool_call_id" if span == "tool_call" => "write `tool_call_id = EXPR`".to_owned(),
            _ => format!("`{text}` comes from the context: see `Context::with_{text}`"),
        };
    }
    let keys = spec.start.iter().map(telemetry_catalogue::FieldSpec::name);
    let near = did_you_mean(
        text,
        keys.clone().chain(WORDS).chain(["name", "tool_call_id"].into_iter().filter(|_| span == "tool_call")),
    );
    if !near.is_empty() {
        return format!("`{span}` has no start key `{text}`{near}");
    }
    if span == "tool_call" {
        return format!(
            "`#[tool_call]` has no `{text}`; it takes `name = ..`, `tool_call_id = ..`, `args = ..`, and what \
             `agent_span` takes. A key of your own goes into `fields({text} = ..)`",
        );
    }
    if spec.start.is_empty() {
        return format!(
            "`{span}` takes no keys at its start; one of your own goes into `fields({text} = ..)`"
        );
    }
    format!(
        "`{span}` has no start key `{text}`; it has {}. A key of your own goes into `fields({text} = ..)`",
        one_of(keys).replace(" or ", " and "),
    )
}

#[allow(clippy::too_many_arguments, reason = "one call; a struct would only rename them")]
fn automatic(
    key: &'static str,
    args: &Args,
    params: &[Param],
    skipped: &dyn Fn(&Ident) -> bool,
    target: &Target<'_>,
    captures: &mut Vec<Capture>,
    span: &Ident,
    cx: &mut Ctxt,
) {
    let how = match (key, target) {
        ("tool", _) if args.name.is_set() => {
            let Some(name) = args.name.get() else { return };
            How::Expr(Recorded { sigil: Sigil::None, expr: name.clone() }, Some(KeyType::Text))
        }
        ("tool", Target::Function { name, .. }) => {
            let name = name.unraw().to_string();
            let expr = syn::parse_quote!(#name);
            How::Expr(Recorded { sigil: Sigil::None, expr }, Some(KeyType::Text))
        }
        ("tool", Target::Inline) => {
            cx.error(span, "`tool_call` needs the tool's name here: add `tool = EXPR`");
            return;
        }
        ("args", Target::Function { .. }) => match whole_argument(params, skipped) {
            Some(ident) => How::Whole(ident),
            None => How::Arguments(arguments(params, skipped)),
        },
        _ => return,
    };
    captures.push(Capture { key: key.to_owned(), how });
}

/// The variable that a sole `Parameters<T>` is given a name by.
pub(crate) fn whole_ident() -> Ident {
    format_ident!("__telemetry_parameters", span = Span::mixed_site())
}

/// Whether the only parameter is a `Parameters<T>`, as of rmcp.
fn whole_argument(params: &[Param], skipped: &dyn Fn(&Ident) -> bool) -> Option<Ident> {
    let shown = |param: &&Param| {
        !param.bindings.iter().all(|binding| skipped(&binding.ident)) || param.bindings.is_empty()
    };
    let mut wrapped = params.iter().filter(|param| is_parameters(&param.ty));
    let sole = wrapped.next().filter(shown)?;
    if wrapped.next().is_some()
        || params.iter().filter(|param| !is_parameters(&param.ty)).any(|param| can_be_argument(&param.ty))
    {
        return None;
    }
    Some(match &sole.pat {
        syn::Pat::Ident(pat) if pat.subpat.is_none() && pat.by_ref.is_none() => pat.ident.clone(),
        _ => whole_ident(),
    })
}

pub(crate) fn is_parameters(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|last| {
        last.ident == "Parameters" && matches!(last.arguments, syn::PathArguments::AngleBracketed(_))
    })
}

fn arguments(params: &[Param], skipped: &dyn Fn(&Ident) -> bool) -> Vec<Argument> {
    let shown = params.iter().filter(|param| can_be_argument(&param.ty));
    let bindings = shown.flat_map(|param| param.bindings.iter().map(move |binding| (binding, param)));
    bindings
        .filter(|(binding, _)| !skipped(&binding.ident))
        .map(|(binding, param)| Argument {
            name: binding.ident.unraw().to_string(),
            ident: binding.ident.clone(),
            cfgs: param.cfgs.clone(),
        })
        .collect()
}

/// `&mut` is the caller's to change; a lock may be held by the caller, and serialising it would wait
/// for ever.
fn can_be_argument(ty: &Type) -> bool {
    let is_mut = matches!(ty, Type::Reference(ty) if ty.mutability.is_some());
    let is_lock = |ident: &Ident| {
        let name = ident.to_string();
        name.contains("Mutex") || name.contains("RwLock") || name.ends_with("Lock")
    };
    !is_mut && !mentions(ty.to_token_stream(), &is_lock)
}

fn own_fields(fields: Vec<Entry>, kind: &SpanKind, captures: &mut Vec<Capture>, cx: &mut Ctxt) {
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
        let Some(recorded) = entry.recorded() else { continue };
        captures.push(Capture { key: text, how: How::Expr(recorded, None) });
    }
}

fn stop_rule(span: Span, rule: Rule, kind: &SpanKind, cx: &mut Ctxt) -> StopRule {
    let mut seen: Vec<String> = Vec::new();
    let mut keys = Vec::new();
    for entry in rule.entries {
        let text = entry.key.text();
        if seen.contains(&text) {
            cx.error(&entry.key, format_args!("`{text}` is given twice"));
            continue;
        }
        seen.push(text.clone());
        let Some((name, ty)) = stop_key(&entry.key, kind, cx) else { continue };
        let Some(value) = entry.recorded() else { continue };
        if let Some(ty) = ty {
            check_sigil(&value, &text, ty, cx);
        }
        keys.push(StopKey { key: name, value, ty });
    }
    StopRule { span, pat: rule.pat, keys }
}

/// A key that a span's stop may have.
pub(crate) fn stop_key(key: &Key, kind: &SpanKind, cx: &mut Ctxt) -> Option<(StopKeyName, Option<KeyType>)> {
    let text = key.text();
    if let Some(field) = STOP.iter().find(|field| field.is(&text)) {
        return Some((StopKeyName::Documented(field.key), Some(field.ty)));
    }
    let Some(spec) = kind.spec() else {
        return match key {
            Key::Ident(ident) => Some((StopKeyName::Own(ident.clone()), None)),
            Key::Text(text) => {
                cx.error(text, "a stop key of your own span is written as its name, without quotes");
                None
            }
        };
    };
    if let Some(field) = spec.stop_field(&text) {
        return Some((StopKeyName::Documented(field.key), Some(field.ty)));
    }
    if let Some(field) = spec.start_field(&text) {
        cx.error(
            key,
            format_args!(
                "`{text}` is a start key of `{}`: give it in the attribute, as `{} = ..`",
                spec.short_name,
                field.name(),
            ),
        );
        return None;
    }
    let own = spec.stop.iter().map(telemetry_catalogue::FieldSpec::name);
    let all: Vec<&str> = own.chain(STOP.iter().map(|field| field.key)).collect();
    let near = did_you_mean(&text, all.iter().copied());
    let known =
        if near.is_empty() { format!("; it has {}", one_of(all)).replace(" or ", " and ") } else { near };
    cx.error(key, format_args!("the stop of `{}` has no key `{text}`{known}", spec.short_name));
    None
}

/// A sigil makes text, which not every key can hold.
pub(crate) fn check_sigil(recorded: &Recorded, key: &str, ty: KeyType, cx: &mut Ctxt) {
    let sign = match recorded.sigil {
        Sigil::None => return,
        Sigil::Display => '%',
        Sigil::Debug => '?',
    };
    if !matches!(ty, KeyType::Text | KeyType::Any) {
        cx.error(
            &recorded.expr,
            format_args!(
                "`{key}` holds {}, and `{sign}` makes text: write `{key} = EXPR`",
                match ty {
                    KeyType::Integer => "a whole number",
                    KeyType::Flag => "`true` or `false`",
                    KeyType::Duration => "a length of time",
                    _ => "a list",
                },
            ),
        );
    }
}

pub(crate) fn clone(recorded: &Recorded) -> Recorded {
    Recorded { sigil: recorded.sigil, expr: recorded.expr.clone() }
}
