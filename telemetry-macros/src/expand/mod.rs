//! From a checked model to tokens. Nothing here can fail.
//!
//! Every name that an expansion introduces is `Span::mixed_site()`, so that the user's code cannot
//! see it; every path is absolute. What can be done in a function of the runtime is done there.

mod capture;
mod function;
mod inline;
mod stop;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::Path;

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
                let path = &own.path;
                quote!(<#path as #krate::SpanMetadata>::site())
            }
        }
    }
}

/// An identifier of ours.
pub(crate) fn ident(name: &str) -> Ident {
    format_ident!("{}", name, span = here())
}
