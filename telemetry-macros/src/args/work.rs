//! What stands behind the `;` of an `in_span!`.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Expr, Result, token};

/// What runs in an `in_span!`.
pub(crate) enum Work {
    /// `|| ..`
    Call(Expr),
    /// `async { .. }`, or any future.
    Future(Expr),
    /// `stream ..`
    Stream(Expr),
}

impl Parse for Work {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.is_empty() {
            return Err(Error::new(
                input.span(),
                "write the work after the `;`: `async { .. }`, `|| ..` or `stream STREAM`",
            ));
        }
        let is_stream = input.peek(Ident::peek_any)
            && input.fork().call(Ident::parse_any)? == "stream"
            && (input.peek2(Ident::peek_any) || input.peek2(token::Paren) || input.peek2(token::Brace));
        if is_stream {
            input.call(Ident::parse_any)?;
            return input.parse().map(Self::Stream);
        }
        match input.parse()? {
            Expr::Closure(closure) if closure.inputs.is_empty() && closure.asyncness.is_none() => {
                Ok(Self::Call(Expr::Closure(closure)))
            }
            Expr::Closure(closure) => {
                Err(Error::new_spanned(closure, "the work takes no arguments: `|| ..`, or `async { .. }`"))
            }
            other => Ok(Self::Future(other)),
        }
    }
}
