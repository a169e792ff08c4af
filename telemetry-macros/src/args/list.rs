//! Lists with commas between. A mistake in one entry does not hide those in the others.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Result, Token, parenthesized};

use crate::ctxt::Ctxt;

/// Parses entries up to the end.
pub(super) fn list<T: Parse>(input: ParseStream<'_>, cx: &mut Ctxt) -> Vec<T> {
    let mut parsed = Vec::new();
    while !input.is_empty() {
        parsed.extend(item(input, cx));
        comma(input, cx);
    }
    parsed
}

/// Parses one entry; of one that is wrong the rest, up to a comma, is left out.
pub(super) fn item<T: Parse>(input: ParseStream<'_>, cx: &mut Ctxt) -> Option<T> {
    match input.parse() {
        Ok(entry) => Some(entry),
        Err(error) => {
            cx.push(error);
            skip_to_comma(input);
            None
        }
    }
}

fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        if input.parse::<proc_macro2::TokenTree>().is_err() {
            return;
        }
    }
}

/// A comma, unless this is the end.
pub(super) fn comma(input: ParseStream<'_>, cx: &mut Ctxt) {
    if input.is_empty() {
        return;
    }
    if let Err(error) = input.parse::<Token![,]>() {
        cx.push(error);
        skip_to_comma(input);
        let _ = input.parse::<Option<Token![,]>>();
    }
}

pub(super) fn skip_to_comma_or_semicolon(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) && !input.peek(Token![;]) {
        if input.parse::<proc_macro2::TokenTree>().is_err() {
            return;
        }
    }
}

/// `WORD(..)`.
pub(super) fn parens(input: ParseStream<'_>) -> Result<(Ident, syn::parse::ParseBuffer<'_>)> {
    let word = input.call(Ident::parse_any)?;
    let content;
    parenthesized!(content in input);
    Ok((word, content))
}

/// `WORD =`.
pub(super) fn valued(input: ParseStream<'_>) -> Result<Ident> {
    let word = input.call(Ident::parse_any)?;
    input.parse::<Token![=]>()?;
    Ok(word)
}
