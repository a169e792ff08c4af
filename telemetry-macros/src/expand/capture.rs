//! What is captured at a span's start.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Lit};
use telemetry_catalogue::Type as KeyType;

use super::{Runtime, ident, local, own_value};
use crate::args::{Format, Recorded};
use crate::model::{Argument, How, Model, SpanKind};

/// When a span's keys are captured.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Begin {
    /// By the work of a function as it begins, into the `place` that it is given: no argument is touched before.
    Starting,
    /// Before the body of an async function, which begins at once: into the variable `start`.
    Here,
    /// Before work that may begin elsewhere: into the variable `start`, borrowing nothing.
    Later,
}

/// Looks whether the span is observed, and captures what it was given.
///
/// ```text
/// Starting::begin(place, SITE, |start| { .. });
///
/// let start = if SITE.enabled() { begin_later(SITE, |start| { .. }) } else { None };
/// ```
pub(super) fn start(
    model: &Model,
    runtime: &Runtime,
    begin: Begin,
    agent_is: Option<TokenStream>,
    description: Option<TokenStream>,
) -> TokenStream {
    let k = &runtime.private;
    let site = runtime.site(&model.span);
    let start = local("start");
    let agent = model.agent.as_ref().map(|agent| {
        let value = recorded(agent, Some(KeyType::Text), runtime);
        quote!(#k::Span::agent(#start, #value);)
    });
    let agent_is =
        agent_is.filter(|_| agent.is_none()).map(|name| quote!(#k::Span::agent_is(#start, #name);));
    let tool_call_id = model.tool_call_id.as_ref().map(|id| {
        let value = recorded(id, Some(KeyType::Text), runtime);
        quote!(#k::Span::tool_call_id(#start, #value);)
    });
    let description = description.map(|text| quote!(#k::Span::describe(#start, #text);));
    let own = match &model.span {
        SpanKind::Own(span) => {
            let keeps = span.fields.iter().all(|field| matches!(&field.expr, Expr::Path(_) | Expr::Lit(_)));
            let capture = ident(if keeps { "keep_span" } else { "record_span" });
            let value = own_value(span);
            let span = span.path.span().resolved_at(crate::input::here());
            let k = runtime.at(span);
            Some(quote_spanned!(span=> #k::#capture(#start, &#value);))
        }
        SpanKind::Documented(..) => None,
    };
    // Only the names of a struct's fields are not known here.
    let put = ident(if own.is_some() { "set" } else { "add" });
    let sets = model.captures.iter().map(|capture| {
        let key = &capture.key;
        let value = how(&capture.how, runtime);
        let put = quote!(#k::Span::#put(#start, #key, #value););
        if is_costly(&capture.how) {
            let bit = bit_of(key);
            quote!(if #k::Span::needs(#start, #bit) { #put })
        } else {
            put
        }
    });
    let sets: TokenStream = sets.collect();
    let wanted =
        (own.is_some() || !sets.is_empty()).then(|| quote!(if #k::Span::wanted(#start) { #own #sets }));
    let capture = quote!(|#start| { #agent_is #agent #tool_call_id #description #wanted });
    let lints = quote! {
        #[allow(unused_imports, unused_variables, clippy::all, clippy::pedantic, clippy::nursery)]
    };
    let function = match begin {
        Begin::Starting => {
            let place = local("place");
            return quote! {
                #lints
                #k::Starting::begin(#place, #site, #capture);
            };
        }
        Begin::Here => ident("begin_here"),
        Begin::Later => ident("begin_later"),
    };
    quote! {
        let #start = if #k::SpanSite::enabled(#site) {
            #lints
            #k::#function(#site, #capture)
        } else {
            #k::Option::None
        };
    }
}

/// Whether capturing may take long: what no handler needs is left out then.
fn is_costly(how: &How) -> bool {
    let may_be = |ty: &KeyType| matches!(ty, KeyType::Texts | KeyType::Any);
    match how {
        How::Expr(value, ty) => {
            value.format != Format::Serialize
                || !matches!(value.expr, Expr::Lit(_)) && ty.as_ref().is_none_or(may_be)
        }
        How::Param(_, ty) => may_be(ty),
        How::Whole(_) | How::WholeBefore | How::JsonArguments(_) => true,
        // The arguments of a tool are kept one by one, most of them as they are.
        How::Arguments(_) | How::Turn => false,
    }
}

/// A key's bit among 64, as the runtime's `Needs` has it.
fn bit_of(key: &str) -> u64 {
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    1 << (hash >> 58)
}

fn how(how: &How, runtime: &Runtime) -> TokenStream {
    let k = &runtime.private;
    match how {
        How::Expr(value, ty) => recorded(value, *ty, runtime),
        How::Param(ident, ty) => {
            let span = ident.span().resolved_at(crate::input::here());
            match ty {
                KeyType::Text => quote_spanned! {span=>
                    { #[allow(unused_imports)] use #k::TextKeep as _; #k::TextParam(&#ident).__telemetry_keep() }
                },
                KeyType::Integer => quote_spanned!(span=> #k::Integer::integer(&#ident)),
                KeyType::Number => quote_spanned!(span=> #k::Number::number(&#ident)),
                KeyType::Flag => quote_spanned!(span=> #k::Flag::flag(&#ident)),
                KeyType::Duration => quote_spanned!(span=> #k::Nanos::nanos(&#ident)),
                KeyType::Texts | KeyType::Any => quote_spanned! {span=> {
                    use #k::keep::*;
                    (&&&&&&&#k::Param(&#ident)).__telemetry_keep()
                }},
            }
        }
        How::Whole(ident) => whole(ident, runtime),
        How::WholeBefore => local("args").to_token_stream(),
        How::JsonArguments(value) => {
            let value = recorded(value, Some(KeyType::Any), runtime);
            quote!(#k::json_arguments(#value))
        }
        How::Turn => quote!(#k::next_turn()),
        How::Arguments(arguments) => {
            let arguments = arguments.iter().map(|Argument { name, ident, cfgs }| {
                let span = ident.span().resolved_at(crate::input::here());
                quote_spanned!(span=> #(#cfgs)* (#name, (&&&&&&&#k::Argument(&#ident)).__telemetry_keep()))
            });
            quote! {{
                #[allow(unused_imports)]
                use #k::argument::*;
                #k::arguments([#(#arguments),*])
            }}
        }
    }
}

/// The map of all arguments, which a `Parameters<T>` holds.
fn whole(ident: &Ident, runtime: &Runtime) -> TokenStream {
    let k = &runtime.private;
    let span = ident.span().resolved_at(crate::input::here());
    quote_spanned! {span=> {
        #[allow(unused_imports)]
        use #k::argument::*;
        #k::whole_argument((&&&&&&&&#k::Argument(&#ident.0)).__telemetry_keep(), &#ident.0)
    }}
}

/// The same, for a span that begins once the parameter has been taken apart: into the variable `args`.
pub(super) fn whole_before(ident: &Ident, model: &Model, runtime: &Runtime) -> TokenStream {
    let k = &runtime.private;
    let (args, site, bit) = (local("args"), runtime.site(&model.span), bit_of("args"));
    let whole = whole(ident, runtime);
    quote! {
        #[allow(clippy::all, clippy::pedantic, clippy::nursery)]
        let #args = #k::captured_before(#site, #bit, || #whole);
    }
}

/// An expression, recorded so that nothing stays borrowed.
pub(crate) fn recorded(value: &Recorded, ty: Option<KeyType>, runtime: &Runtime) -> TokenStream {
    let k = &runtime.private;
    let expr = &value.expr;
    let span = expr.span().resolved_at(crate::input::here());
    if value.format == Format::Serialize
        && matches!(ty, None | Some(KeyType::Text | KeyType::Any))
        && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = expr
    {
        return quote_spanned!(span=> #k::literal(#text));
    }
    let (interface, method) = match (value.format, ty) {
        (Format::Display, _) => ("AsDisplay", "display_now"),
        (Format::Debug, _) => ("AsDebug", "debug_now"),
        (Format::Serialize, Some(KeyType::Text)) => ("Text", "text_now"),
        (Format::Serialize, Some(KeyType::Integer)) => ("Integer", "integer"),
        (Format::Serialize, Some(KeyType::Number)) => ("Number", "number"),
        (Format::Serialize, Some(KeyType::Flag)) => ("Flag", "flag"),
        (Format::Serialize, Some(KeyType::Duration)) => ("Nanos", "nanos"),
        (Format::Serialize, None | Some(KeyType::Any | KeyType::Texts)) => {
            return quote_spanned! {span=> {
                use #k::record_as::*;
                (&&&&#k::Record(&(#expr))).__telemetry_record()
            }};
        }
    };
    let (interface, method) = (ident(interface), ident(method));
    quote_spanned!(span=> #k::#interface::#method(&(#expr)))
}
