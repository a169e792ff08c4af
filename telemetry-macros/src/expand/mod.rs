//! From a checked model to tokens. Nothing here can fail.
//!
//! Every name that an expansion introduces is `Span::mixed_site()`, so that the user's code cannot
//! see it; every path is absolute. What can be done in a function of the runtime is done there.

mod capture;
mod function;
mod inline;
mod stop;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{ExprStruct, Path, PathArguments};

pub(crate) use capture::recorded;
pub(crate) use function::function;
pub(crate) use inline::{emit, emit_own, in_span, open_span, record, record_by_hand};

use crate::input::here;
use crate::model::SpanKind;

/// What expansions use of the runtime.
pub(crate) struct Runtime {
    /// The path to it.
    pub(crate) private: TokenStream,
    /// Brings it under that path, so that one of the user's that leads nowhere is one error.
    pub(crate) import: TokenStream,
}

impl Runtime {
    pub(crate) fn new(krate: Option<&Path>) -> Self {
        let Some(path) = krate else {
            return Self { private: quote!(::telemetry_runtime::__private), import: TokenStream::new() };
        };
        let private = local("runtime");
        let import = quote!(#[allow(unused_qualifications)] use #path::__private as #private;);
        Self { private: quote!(#private), import }
    }

    /// The path at another place.
    pub(crate) fn at(&self, span: Span) -> TokenStream {
        let path = self.private.clone().into_iter().map(|mut token| {
            token.set_span(span);
            token
        });
        path.collect()
    }

    /// What an expansion begins with: the imports of the runtime and of a user's own span, each under one
    /// name, so that a name that does not exist is one error.
    pub(crate) fn import(&self, span: &SpanKind) -> TokenStream {
        let runtime = &self.import;
        let SpanKind::Own(own) = span else { return runtime.clone() };
        let mut path = own.path.clone();
        if let Some(last) = path.segments.last_mut() {
            last.arguments = PathArguments::None;
        }
        let name = spanned(&local("Span"), own.path.span());
        let span = own.path.span();
        quote_spanned! {span=>
            #runtime
            #[allow(unused_imports, unused_qualifications, clippy::enum_glob_use)]
            use #path as #name;
        }
    }

    /// The callsite of a span.
    pub(crate) fn site(&self, span: &SpanKind) -> TokenStream {
        match span {
            SpanKind::Documented(spec, _) => {
                let (k, name) = (&self.private, ident(spec.short_name));
                quote!((&#k::callsites::#name))
            }
            SpanKind::Own(own) => {
                let path = own_path(own);
                let span = own.path.span().resolved_at(here());
                let k = self.at(span);
                quote_spanned!(span=> <#path as #k::SpanMetadata>::site())
            }
        }
    }
}

/// The type of a user's own span, under the name that [`Runtime::import`] gives it.
fn own_path(own: &ExprStruct) -> TokenStream {
    let (name, span) = (local("Span"), own.path.span());
    let arguments = own.path.segments.last().map(|last| &last.arguments);
    let name = Ident::new(&name.to_string(), span.resolved_at(here()));
    quote!(#name #arguments)
}

/// The value of a user's own span, under the same name.
fn own_value(own: &ExprStruct) -> TokenStream {
    let path = own_path(own);
    // Errors about the whole point at the path.
    let mut fields = Group::new(Delimiter::Brace, own.fields.to_token_stream());
    fields.set_span(own.path.span().resolved_at(here()));
    quote!(#path #fields)
}

/// An identifier of the runtime's.
pub(crate) fn ident(name: &str) -> Ident {
    Ident::new(name, here())
}

/// A name that an expansion introduces: one that no user's constant has.
pub(crate) fn local(name: &str) -> Ident {
    format_ident!("__telemetry_{}", name, span = here())
}

/// An identifier at another place.
fn spanned(ident: &Ident, span: Span) -> Ident {
    Ident::new(&ident.to_string(), span)
}
