//! `event_name!` and `event_names!`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{LitStr, Token};
use telemetry_catalogue::name::{Error, check_name, check_pattern};

use crate::ctxt::Ctxt;

/// `event_name!("a.b")`.
pub(crate) fn event_name(tokens: TokenStream) -> TokenStream {
    let mut cx = Ctxt::default();
    let names = literals(tokens, check_name, &mut cx);
    match (&names[..], cx.is_empty()) {
        ([name], true) => quote!(::telemetry_runtime::EventName::__checked(#name)),
        ([_, second, ..], true) => {
            cx.error(second, "one name is expected; `event_names![..]` takes many");
            cx.into_expr()
        }
        ([], true) => syn::Error::new(
            proc_macro2::Span::call_site(),
            "expected the name of an event: `event_name!(\"condukt.tool_call.stop\")`",
        )
        .to_compile_error(),
        (_, false) => cx.into_expr(),
    }
}

/// `event_names!["a.*", "b.**"]`.
pub(crate) fn event_names(tokens: TokenStream) -> TokenStream {
    let mut cx = Ctxt::default();
    let patterns = literals(tokens, check_pattern, &mut cx);
    if cx.is_empty() {
        let count = patterns.len();
        quote! {{
            const PATTERNS: [::telemetry_runtime::Pattern; #count] =
                [#(::telemetry_runtime::Pattern::__checked(#patterns)),*];
            PATTERNS
        }}
    } else {
        cx.into_expr()
    }
}

/// String literals with commas between, each checked.
fn literals(tokens: TokenStream, check: fn(&str) -> Result<(), Error>, cx: &mut Ctxt) -> Vec<LitStr> {
    let mut names = Vec::new();
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            let name: LitStr = input.parse().map_err(|error| {
                syn::Error::new(error.span(), "expected a string such as \"condukt.tool_call.stop\"; names made at run time go through `EventName::parse`")
            })?;
            if let Err(error) = check(&name.value()) {
                cx.error(&name, error);
            }
            names.push(name);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    };
    if let Err(error) = parser.parse2(tokens) {
        cx.push(error);
    }
    names
}
