//! `#[derive(EventMetadata)]`: a user's own event or span.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields, LitStr, Path, Token, parenthesized};
use telemetry_catalogue::name::check_own;

use super::field::{FieldOptions, Measurement};
use crate::args::{Format, field_of};
use crate::ctxt::{Ctxt, did_you_mean};
use crate::input::here;

/// What stands above the struct.
struct Container {
    name: LitStr,
    is_span: bool,
    stop: Vec<Ident>,
    krate: Option<Path>,
}

/// One field of the struct.
struct Field {
    ident: Ident,
    key: String,
    format: Format,
    is_measurement: bool,
    span: Span,
}

pub(crate) fn event_metadata(item: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut cx = Ctxt::default();
    let container = container(&input, &mut cx);
    let fields = fields(&input, container.as_ref().is_some_and(|container| container.is_span), &mut cx);
    match (container, fields) {
        (Some(container), Some(fields)) if cx.is_empty() => expand(&input, &container, &fields),
        // What uses it still compiles.
        (container, _) => {
            let name = LitStr::new("invalid.invalid", input.ident.span());
            let container = container.map(|container| Container { name, ..container });
            let stub = container.map(|container| expand(&input, &container, &[]));
            let errors = cx.into_tokens();
            quote!(#errors #stub)
        }
    }
}

struct EventArgs {
    name: LitStr,
    stop: Option<Vec<Ident>>,
    krate: Option<Path>,
}

impl Parse for EventArgs {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse().map_err(|error: syn::Error| {
            syn::Error::new(error.span(), "expected the name in quotes, such as \"shop.cache.lookup\"")
        })?;
        let mut args = Self { name, stop: None, krate: None };
        while input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
            let word = input.call(Ident::parse_any)?;
            if word == "stop" && args.stop.is_none() {
                let content;
                parenthesized!(content in input);
                let keys = content.parse_terminated(Ident::parse_any, Token![,])?;
                args.stop = Some(keys.into_iter().collect());
            } else if word == "crate" && args.krate.is_none() {
                input.parse::<Token![=]>()?;
                args.krate = Some(input.call(Path::parse_mod_style)?);
            } else if word == "stop" || word == "crate" {
                return Err(syn::Error::new(word.span(), format_args!("`{word}` is given twice")));
            } else {
                let near = did_you_mean(&word.to_string(), ["stop", "crate"]);
                return Err(syn::Error::new(word.span(), format_args!("unknown option `{word}`{near}")));
            }
        }
        Ok(args)
    }
}

fn container(input: &DeriveInput, cx: &mut Ctxt) -> Option<Container> {
    let mut found: Option<Container> = None;
    for attr in &input.attrs {
        let is_span = attr.path().is_ident("span");
        if !is_span && !attr.path().is_ident("event") {
            continue;
        }
        let args: EventArgs = match attr.parse_args() {
            Ok(args) => args,
            Err(error) => {
                cx.push(error);
                continue;
            }
        };
        if found.is_some() {
            cx.error(attr, "a struct is one event or one span: write `#[event(..)]` or `#[span(..)]` once");
            continue;
        }
        if let Err(error) = check_own(&args.name.value()) {
            cx.error(&args.name, own_name_error(&error, &args.name.value()));
        }
        if let (false, Some(stop)) = (is_span, &args.stop) {
            for key in stop {
                cx.error(key, "a single event has no stop; a span is `#[span(\"..\", stop(..))]`");
            }
        }
        let stop = args.stop.unwrap_or_default();
        let stop: Vec<Ident> = stop.iter().filter_map(|key| field_of(key, cx)).collect();
        for (index, key) in stop.iter().enumerate() {
            let text = key.unraw().to_string();
            if stop[..index].contains(key) {
                cx.error(key, format_args!("`{text}` is given twice"));
            }
            if let Some(known) = telemetry_catalogue::STOP.iter().find(|field| field.is(&text)) {
                cx.error(key, format_args!("every stop has `{}` already", known.key));
            }
        }
        let stop = stop.iter().enumerate().filter(|(index, key)| !stop[..*index].contains(key));
        let stop = stop.map(|(_, key)| key.clone()).collect();
        found = Some(Container { name: args.name, is_span, stop, krate: args.krate });
    }
    if found.is_none() && cx.is_empty() {
        cx.error(
            &input.ident,
            "this struct needs a name: `#[event(\"shop.cache.lookup\")]` for a single event, `#[span(\"shop.retrieval\", stop(..))]` for a span",
        );
    }
    found
}

fn own_name_error(error: &telemetry_catalogue::name::Error, name: &str) -> String {
    use telemetry_catalogue::name::Error;
    match error {
        Error::Undocumented { .. } => {
            let prefix = name.split('.').next().unwrap_or_default();
            format!(
                "`{prefix}.` is reserved for the documented events; use a prefix of your own, such as `my_app.`"
            )
        }
        other => other.to_string(),
    }
}

fn fields(input: &DeriveInput, is_span: bool, cx: &mut Ctxt) -> Option<Vec<Field>> {
    let data = match &input.data {
        Data::Struct(data) => data,
        Data::Enum(data) => {
            cx.error(data.enum_token, "an event is a struct with named fields");
            return None;
        }
        Data::Union(data) => {
            cx.error(data.union_token, "an event is a struct with named fields");
            return None;
        }
    };
    let named = match &data.fields {
        Fields::Named(named) => &named.named,
        Fields::Unit => return Some(Vec::new()),
        Fields::Unnamed(fields) => {
            cx.error(fields, "an event is a struct with named fields: their names are its keys");
            return None;
        }
    };
    let measurement = if is_span {
        Measurement::Refused("a span's fields are metadata; its measurements are times")
    } else {
        Measurement::Allowed
    };
    let names: &[&str] = if is_span { &["event", "span"] } else { &["event"] };
    let mut fields: Vec<Field> = Vec::new();
    for field in named {
        let Some(ident) = field.ident.clone() else { continue };
        let options = FieldOptions::parse(&field.attrs, names, measurement, cx);
        if options.skip {
            continue;
        }
        let parsed = Field {
            key: options.rename.map_or_else(|| ident.unraw().to_string(), |rename| rename.value()),
            ident,
            format: options.format,
            is_measurement: options.is_measurement,
            span: field.ty.span(),
        };
        if let Some(twin) = fields.iter().find(|known| known.key == parsed.key) {
            cx.error(
                &parsed.ident,
                format_args!("the key `{}` is also that of the field `{}`", parsed.key, twin.ident),
            );
        }
        fields.push(parsed);
    }
    Some(fields)
}

fn expand(input: &DeriveInput, container: &Container, fields: &[Field]) -> TokenStream {
    let krate = container.krate.as_ref().map_or_else(|| quote!(::telemetry_runtime), |path| quote!(#path));
    if container.is_span {
        span(input, container, fields, &krate)
    } else {
        event(input, container, fields, &krate)
    }
}

/// A name, at the place where an error about it points.
fn at(ident: &Ident, span: Span) -> Ident {
    let mut ident = ident.clone();
    ident.set_span(ident.span().located_at(span));
    ident
}

fn event(input: &DeriveInput, container: &Container, fields: &[Field], krate: &TokenStream) -> TokenStream {
    let k = quote!(#krate::__private);
    let (ident, name) = (&input.ident, &container.name);
    let this = Ident::new("__telemetry_this", here());
    let (generics, arguments, wheres) = input.generics.split_for_impl();
    let entries = |is_measurement| {
        let fields = fields.iter().filter(move |field| field.is_measurement == is_measurement);
        let entries = fields.map(|Field { ident, key, format, span, .. }| {
            let span = span.resolved_at(here());
            let (this, ident) = (at(&this, span), at(ident, span));
            match format {
                Format::Serialize if is_measurement => {
                    quote_spanned!(span=> (#key, #k::Measure::measured(&#this.#ident)))
                }
                Format::Serialize => {
                    quote_spanned!(span=> (#key, (&&&&#k::Kept(&#this.#ident)).__telemetry_held()))
                }
                Format::Debug => quote_spanned!(span=> (#key, #k::AsDebug::debug_now(&#this.#ident))),
                Format::Display => quote_spanned!(span=> (#key, #k::AsDisplay::display_now(&#this.#ident))),
            }
        });
        entries.collect::<Vec<_>>()
    };
    let (measurements, metadata) = (entries(true), entries(false));
    quote! {
        #[automatically_derived]
        impl #generics #krate::EventMetadata for #ident #arguments #wheres {
            fn emit(&self) {
                static SITE: #k::EventSite = #k::EventSite::new(#name);
                if #k::EventSite::enabled(&SITE) && #k::is_seen(&SITE) {
                    #[allow(unused_imports)]
                    use #k::kept::*;
                    let #this = self;
                    #k::emit_event(&SITE, &[#(#measurements),*], &[#(#metadata),*]);
                }
            }
        }
    }
}

fn span(input: &DeriveInput, container: &Container, fields: &[Field], krate: &TokenStream) -> TokenStream {
    let k = quote!(#krate::__private);
    let (ident, vis, name) = (&input.ident, &input.vis, &container.name);
    let (this, set) = (Ident::new("__telemetry_this", here()), Ident::new("__telemetry_set", here()));
    let (generics, arguments, wheres) = input.generics.split_for_impl();
    let events = ["start", "stop", "exception"].map(|phase| format!("{}.{phase}", name.value()));
    let keys_ty = format_ident!("{}StopKeys", ident);
    let keys = &container.stop;
    let texts = keys.iter().map(|key| key.unraw().to_string());
    let derives = if keys.is_empty() { quote!(#k::NothingToDerive) } else { quote!(#k::Derived) };
    let sets = fields.iter().map(|Field { ident, key, format, span, .. }| {
        let span = span.resolved_at(here());
        let (this, ident) = (at(&this, span), at(ident, span));
        let value = match format {
            Format::Serialize => quote_spanned!(span=> (&&&&&&&#k::Param(&#this.#ident)).__telemetry_keep()),
            Format::Debug => quote_spanned!(span=> #k::AsDebug::debug_now(&#this.#ident)),
            Format::Display => quote_spanned!(span=> #k::AsDisplay::display_now(&#this.#ident)),
        };
        quote!(#set(#key, #value);)
    });
    quote! {
        #[doc(hidden)]
        #[derive(Clone, Copy)]
        #[allow(dead_code, missing_docs, missing_debug_implementations, unreachable_pub)]
        #vis struct #keys_ty { #(pub #keys: &'static ::core::primitive::str),* }

        #[automatically_derived]
        impl #generics #krate::SpanMetadata for #ident #arguments #wheres {
            type StopKeys = #keys_ty;
            type Derives = #derives;
            const STOP_KEYS: #keys_ty = #keys_ty { #(#keys: #texts),* };

            #[inline]
            fn site() -> &'static #k::SpanSite {
                static SITE: #k::SpanSite = #k::SpanSite::new(#name, [#(#events),*]);
                &SITE
            }

            #[allow(unused_variables)]
            fn capture<'__k>(&self, #set: &mut dyn ::core::ops::FnMut(&'static ::core::primitive::str, #k::Captured<'__k>))
            where
                Self: '__k,
            {
                #[allow(unused_imports)]
                use #k::keep::*;
                let #this = self;
                #(#sets)*
            }
        }
    }
}
