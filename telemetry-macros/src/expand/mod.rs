//! From a checked model to tokens. Nothing here can fail.
//!
//! Every name that an expansion introduces is `Span::mixed_site()`, so that the user's code cannot
//! see it; every path is absolute. What can be done in a function of the runtime is done there.

mod capture;
mod function;
mod inline;
mod stop;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{ExprStruct, Path, PathArguments};

pub(crate) use capture::recorded;
pub(crate) use function::function;
pub(crate) use inline::{emit, in_span, record};

use crate::input::here;
use crate::valid::SpanKind;

/// The runtime crate, and the part of it that expansions use.
pub(crate) struct Runtime {
    pub(crate) krate: TokenStream,
    pub(crate) private: TokenStream,
}

impl Runtime {
    pub(crate) fn new(krate: Option<&Path>) -> Self {
        let krate = krate.map_or_else(|| quote!(::telemetry_runtime), |path| quote!(#path));
        let private = quote!(#krate::__private);
        Self { krate, private }
    }

    /// The callsite of a span.
    pub(crate) fn site(&self, span: &SpanKind) -> TokenStream {
        let Self { krate, private } = self;
        match span {
            SpanKind::Documented(spec, _) => {
                let name = ident(spec.attribute);
                quote!((&#private::sites::#name))
            }
            SpanKind::Own(own) => {
                let path = own_path(own);
                quote!(<#path as #krate::SpanMetadata>::site())
            }
        }
    }
}

/// The type of a user's own span, under the name that [`import`] gives it.
fn own_path(own: &ExprStruct) -> TokenStream {
    let (name, span) = (local("Span"), own.path.span());
    let arguments = own.path.segments.last().map(|last| &last.arguments);
    let name = Ident::new(&name.to_string(), span.resolved_at(here()));
    quote!(#name #arguments)
}

/// The value of a user's own span, under the same name.
fn own_value(own: &ExprStruct) -> TokenStream {
    let path = own_path(own);
    let fields = &own.fields;
    quote!(#path { #fields })
}

/// Brings a user's own span under one name, so that a name that does not exist is one error.
fn import(span: &SpanKind) -> TokenStream {
    let SpanKind::Own(own) = span else { return TokenStream::new() };
    let mut path = own.path.clone();
    if let Some(last) = path.segments.last_mut() {
        last.arguments = PathArguments::None;
    }
    let name = local("Span");
    quote! {
        #[allow(unused_imports, unused_qualifications, clippy::enum_glob_use)]
        use #path as #name;
    }
}

/// An identifier of the runtime's.
pub(crate) fn ident(name: &str) -> Ident {
    Ident::new(name, here())
}

/// A name that an expansion introduces: one that nobody's constant has.
pub(crate) fn local(name: &str) -> Ident {
    format_ident!("__telemetry_{}", name, span = here())
}

/// An identifier at another place.
fn spanned(ident: &Ident, span: Span) -> Ident {
    Ident::new(&ident.to_string(), span)
}
