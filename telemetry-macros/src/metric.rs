//! The definitions of metrics: `counter!`, `sum!`, `last_value!`, `summary!` and `distribution!` of `telemetry-metrics`.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, LitStr, Token, parenthesized};
use telemetry_catalogue::name::check_name;
use telemetry_catalogue::{
    self as catalogue, END, EVENTS, EXCEPTION, FieldSpec, Phase, SPANS, START, STOP, Type,
};

use crate::ctxt::Ctxt;

/// `KIND!("EVENT.MEASUREMENT", tags("KEY", ..))`, or `KIND!("EVENT", value = |event| EXPR, tags(..))`.
struct Definition {
    name: LitStr,
    value: Option<Expr>,
    tags: Vec<LitStr>,
}

impl Parse for Definition {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse().map_err(|error| {
            let expected =
                "expected the name of an event and a measurement, such as \"condukt.agent.stop.duration\"";
            syn::Error::new(error.span(), expected)
        })?;
        let mut definition = Self { name, value: None, tags: Vec::new() };
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let word: Ident = input.parse()?;
            if word == "tags" {
                let inside;
                parenthesized!(inside in input);
                definition.tags.extend(Punctuated::<LitStr, Token![,]>::parse_terminated(&inside)?);
            } else if word == "value" {
                input.parse::<Token![=]>()?;
                definition.value = Some(input.parse()?);
            } else {
                return Err(syn::Error::new(
                    word.span(),
                    "expected `tags(\"KEY\", ..)` or `value = |event| EXPR`",
                ));
            }
        }
        Ok(definition)
    }
}

/// Expands `CRATE KIND DEFINITION`, as the macros of `telemetry-metrics` write it.
pub(crate) fn metric(tokens: TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter();
    let (Some(krate), Some(TokenTree::Ident(kind))) = (tokens.next(), tokens.next()) else {
        return quote!(::core::compile_error!("use `counter!`, `sum!` and the like of `telemetry-metrics`"));
    };
    let counts = kind == "counter";
    match Definition::parse.parse2(tokens.collect()) {
        Ok(definition) => expand(&krate, &kind, counts, definition),
        Err(error) => error.to_compile_error(),
    }
}

fn expand(krate: &TokenTree, kind: &Ident, counts: bool, definition: Definition) -> TokenStream {
    let mut cx = Ctxt::default();
    let Definition { name, value, tags } = definition;
    let given = name.value();
    if counts && value.is_some() {
        cx.error(&name, "a counter counts events: it has no `value`; `sum!` adds values up");
    }
    let (event, measurement) = match given.rsplit_once('.') {
        _ if counts || value.is_some() => (&*given, None),
        Some((event, measurement)) => (event, Some(measurement)),
        None => (&*given, None),
    };
    // A counter of a measurement, as the original writes it: what counts is the event.
    if counts
        && let Some((event, last)) = given.rsplit_once('.')
        && documented(event).is_some()
        && documented(&given).is_none()
    {
        cx.error(&name, format!("a counter counts events, whatever they measure: without `.{last}`"));
        return cx.into_expr();
    }
    if let Err(error) = check_name(event) {
        if measurement.is_some() && documented(&given).is_some() {
            cx.error(&name, missing(&given));
        } else {
            cx.error(&name, error);
        }
        return cx.into_expr();
    }
    let known = documented(event);
    let mut is_duration = false;
    if let (Some(known), Some(measurement)) = (&known, measurement) {
        match known.measurements.iter().find(|field| field.key == measurement) {
            Some(field) => is_duration = field.ty == Type::Duration,
            None => cx.error(&name, unknown(event, "measurement", measurement, known.measured())),
        }
    }
    if let Some(known) = &known {
        for tag in &tags {
            let key = tag.value();
            if !known.keys.contains(&&*key) {
                cx.error(tag, unknown(event, "key", &key, known.keys.iter().copied()));
            }
        }
    }
    if !cx.is_empty() {
        return cx.into_expr();
    }
    let keys = tags.iter();
    let base = match (measurement, &value) {
        (Some(measurement), _) => {
            quote!(#krate::Metric::__measured(#krate::Kind::#kind, #event, #measurement, #is_duration))
        }
        (None, Some(value)) => quote!(#krate::Metric::__valued(#krate::Kind::#kind, #event, #value)),
        (None, None) => quote!(#krate::Metric::__counted(#event)),
    };
    quote!(#base.__tags(&[#(#keys),*]))
}

/// What a documented event has.
struct Known {
    measurements: Vec<&'static FieldSpec>,
    keys: Vec<&'static str>,
}

impl Known {
    fn measured(&self) -> impl Iterator<Item = &'static str> {
        self.measurements.iter().map(|field| field.key)
    }
}

fn documented(name: &str) -> Option<Known> {
    let keys = |fields: &[&'static [FieldSpec]]| -> Vec<&'static str> {
        fields.iter().flat_map(|fields| fields.iter()).map(|field| field.key).collect()
    };
    if let Some(event) = EVENTS.iter().find(|event| event.name == name) {
        let context = event.context.iter().map(|key| key.as_str());
        let keys = context.chain(keys(&[event.metadata])).collect();
        return Some(Known { measurements: event.measurements.iter().collect(), keys });
    }
    let span = SPANS.iter().find(|span| span.events.contains(&name))?;
    let phase = Phase::ALL.into_iter().find(|phase| span.event(*phase) == name)?;
    let (measurements, own) = match phase {
        Phase::Start => (START, keys(&[span.start])),
        Phase::Stop => (END, keys(&[span.start, span.stop, STOP])),
        Phase::Exception => (END, keys(&[span.start, span.stop, EXCEPTION])),
    };
    let keys = span.context.iter().map(|key| key.as_str()).chain(own).collect();
    Some(Known { measurements: measurements.iter().collect(), keys })
}

/// The error for an event without its measurement.
fn missing(event: &str) -> String {
    let measured: Vec<&str> = documented(event).map(|known| known.measured().collect()).unwrap_or_default();
    format!("which measurement of `{event}`? It has {}", listed(&measured))
}

fn unknown(event: &str, what: &str, name: &str, known: impl Iterator<Item = &'static str>) -> String {
    let known: Vec<&str> = known.collect();
    match catalogue::nearest(name, known.iter().copied()) {
        Some(near) => format!("`{event}` has no {what} `{name}`; did you mean `{near}`?"),
        None => format!("`{event}` has no {what} `{name}`; it has {}", listed(&known)),
    }
}

fn listed(names: &[&str]) -> String {
    match names {
        [] => "none of its own".to_owned(),
        names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    }
}
