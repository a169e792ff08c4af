//! `#[derive(StopMetadata)]`: a type's fields as a span's stop keys.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Fields, LitStr, Path, Token, Type};
use telemetry_catalogue::{self as catalogue, STOP};

use super::field::{FieldOptions, Measurement};
use crate::args::{Format, field_named};
use crate::ctxt::{Ctxt, did_you_mean, one_of};
use crate::input::here;

/// The span whose stop keys a type gives.
enum Of {
    Documented(&'static catalogue::SpanSpec),
    Own(Box<Type>),
}

/// One field that becomes a key.
struct Field {
    member: syn::Member,
    binding: Ident,
    key: Key,
    format: Format,
    span: proc_macro2::Span,
}

enum Key {
    Documented(&'static str),
    Own(Ident),
}

/// One variant, or the struct.
struct Variant {
    path: TokenStream,
    fields: Vec<Field>,
    status: Option<LitStr>,
}

pub(crate) fn stop_metadata(item: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut cx = Ctxt::default();
    let container = stop_of(&input, &mut cx);
    let Some((of, krate)) = container else { return cx.into_tokens() };
    let variants = variants(&input, &of, &mut cx);
    if cx.is_empty() {
        return expand(&input, &of, &variants, krate);
    }
    // What uses it still compiles.
    let stub = expand(&input, &of, &[], krate);
    let errors = cx.into_tokens();
    quote!(#errors #stub)
}

fn stop_of(input: &DeriveInput, cx: &mut Ctxt) -> Option<(Of, Option<Path>)> {
    let mut attrs = input.attrs.iter().filter(|attr| attr.path().is_ident("stop_of"));
    let Some(attr) = attrs.next() else {
        cx.error(&input.ident, "this type needs a span: add `#[stop_of(llm_turn)]`");
        return None;
    };
    if let Some(second) = attrs.next() {
        cx.error(second, "`stop_of` is given twice");
    }
    let parser = |input: ParseStream<'_>| {
        let ty: Type = input.parse()?;
        let mut krate = None;
        if input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
            input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            krate = Some(input.call(Path::parse_mod_style)?);
        }
        Ok((ty, krate))
    };
    let (ty, krate) = match attr.parse_args_with(parser) {
        Ok(parsed) => parsed,
        Err(error) => {
            cx.push(syn::Error::new(error.span(), "expected a span: `#[stop_of(llm_turn)]`"));
            return None;
        }
    };
    let name = match &ty {
        Type::Path(path) => path.path.get_ident().map(|ident| ident.unraw().to_string()),
        _ => None,
    };
    let of = match name {
        Some(name) => match catalogue::span(&name) {
            Some(span) => {
                if span.stop.is_empty() {
                    cx.error(&ty, format_args!("the stop of `{name}` has no keys of its own"));
                    return None;
                }
                Of::Documented(span)
            }
            None if name.starts_with(char::is_uppercase) => Of::Own(Box::new(ty)),
            None => {
                let near = did_you_mean(&name, catalogue::span_names());
                cx.error(&ty, format_args!("there is no span `{name}`{near}"));
                return None;
            }
        },
        None => Of::Own(Box::new(ty)),
    };
    Some((of, krate))
}

fn variants(input: &DeriveInput, of: &Of, cx: &mut Ctxt) -> Vec<Variant> {
    let status_of = |attrs: &[Attribute], cx: &mut Ctxt| {
        let mut status = None;
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("stop")) {
            let result = attr.parse_nested_meta(|meta| {
                if !meta.path.is_ident("status") {
                    return Err(meta.error("expected `status = \"..\"`"));
                }
                if status.is_some() {
                    return Err(meta.error("`status` is given twice"));
                }
                status = Some(meta.value()?.parse::<LitStr>()?);
                Ok(())
            });
            if let Err(error) = result {
                cx.push(error);
            }
        }
        status
    };
    match &input.data {
        Data::Struct(data) => {
            let status = status_of(&input.attrs, cx);
            vec![Variant { path: quote!(Self), fields: fields(&data.fields, of, cx), status }]
        }
        Data::Enum(data) => {
            let variants = data.variants.iter().map(|variant| {
                let name = &variant.ident;
                let status = status_of(&variant.attrs, cx);
                Variant { path: quote!(Self::#name), fields: fields(&variant.fields, of, cx), status }
            });
            variants.collect()
        }
        Data::Union(data) => {
            cx.error(data.union_token, "`StopMetadata` is for a struct or an enum");
            Vec::new()
        }
    }
}

fn fields(fields: &Fields, of: &Of, cx: &mut Ctxt) -> Vec<Field> {
    let mut found: Vec<Field> = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        let FieldOptions { rename, format, skip, .. } =
            FieldOptions::parse(&field.attrs, &["stop"], Measurement::Unknown, cx);
        if skip {
            continue;
        }
        let (text, at) = match (&rename, &field.ident) {
            (Some(rename), _) => (rename.value(), rename.span()),
            (None, Some(ident)) => (ident.unraw().to_string(), ident.span()),
            (None, None) => {
                cx.error(
                    &field.ty,
                    "this field needs a key: write `#[stop(rename = \"..\")]`, or `#[stop(skip)]`",
                );
                continue;
            }
        };
        let Some(key) = key(&text, at, of, cx) else { continue };
        if found.iter().any(|known| known.text() == text) {
            cx.error_at(at, format_args!("the key `{text}` is also that of another field"));
            continue;
        }
        let member = field.ident.clone().map_or_else(|| syn::Member::from(index), syn::Member::from);
        let binding = format_ident!("__telemetry_field{index}", span = here());
        found.push(Field { member, binding, key, format, span: field.ty.span() });
    }
    found
}

impl Field {
    fn text(&self) -> String {
        match &self.key {
            Key::Documented(key) => (*key).to_owned(),
            Key::Own(ident) => ident.unraw().to_string(),
        }
    }
}

fn key(text: &str, at: proc_macro2::Span, of: &Of, cx: &mut Ctxt) -> Option<Key> {
    if let Some(known) = STOP.iter().find(|field| field.is(text)) {
        return Some(Key::Documented(known.key));
    }
    let span = match of {
        Of::Own(_) => {
            let Some(field) = field_named(text, at) else {
                cx.error_at(at, "a stop key of your own span is one of the names in its `stop(..)`");
                return None;
            };
            return Some(Key::Own(field));
        }
        Of::Documented(span) => span,
    };
    if let Some(field) = span.stop_field(text) {
        return Some(Key::Documented(field.key));
    }
    let names = || span.stop.iter().map(telemetry_catalogue::FieldSpec::name);
    let near = did_you_mean(text, names());
    let known = if near.is_empty() {
        let all = one_of(names()).replace(" or ", " and ");
        format!("; it has {all}. Leave the field out with `#[stop(skip)]`")
    } else {
        near
    };
    cx.error_at(at, format_args!("the stop of `{}` has no key `{text}`{known}", span.short_name));
    None
}

fn expand(input: &DeriveInput, of: &Of, variants: &[Variant], krate: Option<Path>) -> TokenStream {
    let krate = krate.map_or_else(|| quote!(::telemetry_runtime), |path| quote!(#path));
    let k = quote!(#krate::__private);
    let (ident, stop) = (&input.ident, Ident::new("__telemetry_stop", here()));
    let (generics, arguments, wheres) = input.generics.split_for_impl();
    let span = match of {
        Of::Documented(span) => {
            let name = Ident::new(span.short_name, here());
            quote!(#krate::spans::#name)
        }
        Of::Own(ty) => quote!(#ty),
    };
    let arms = variants.iter().map(|Variant { path, fields, status }| {
        let (members, bindings) =
            (fields.iter().map(|field| &field.member), fields.iter().map(|field| &field.binding));
        let status = status.as_ref().map(|status| quote!(#krate::Stop::text(#stop, "status", #status);));
        let sets = fields.iter().map(|Field { binding, key, format, span: at, .. }| {
            let at = at.resolved_at(here());
            let mut binding = binding.clone();
            binding.set_span(at);
            let (text, ty) = match key {
                Key::Documented(key) => {
                    let ty = STOP.iter().find(|field| field.key == *key).map(|field| field.ty);
                    let ty = ty.or_else(|| match of {
                        Of::Documented(span) => span.stop_field(key).map(|field| field.ty),
                        Of::Own(_) => None,
                    });
                    (quote!(#key), ty)
                }
                Key::Own(name) => (quote!(<#span as #krate::SpanMetadata>::STOP_KEYS.#name), None),
            };
            let value = match (format, ty) {
                (Format::Serialize, Some(catalogue::Type::Text)) => {
                    quote_spanned!(at=> #k::Text::text_now(#binding))
                }
                (Format::Serialize, Some(catalogue::Type::Integer)) => {
                    quote_spanned!(at=> #k::Integer::integer(#binding))
                }
                (Format::Serialize, Some(catalogue::Type::Flag)) => {
                    quote_spanned!(at=> #k::Flag::flag(#binding))
                }
                (Format::Debug, _) => quote_spanned!(at=> #k::AsDebug::debug_now(#binding)),
                (Format::Display, _) => quote_spanned!(at=> #k::AsDisplay::display_now(#binding)),
                (Format::Serialize, _) => {
                    let held = quote_spanned!(at=> (&&&&#k::Kept(#binding)).__telemetry_held());
                    return quote!(#krate::Stop::set(#stop, #text, #held););
                }
            };
            quote!(#krate::Stop::record(#stop, #text, #value);)
        });
        quote!(#path { #(#members: #bindings,)* .. } => { #status #(#sets)* })
    });
    let body = if variants.is_empty() { quote!() } else { quote!(match self { #(#arms)* }) };
    quote! {
        #[automatically_derived]
        impl #generics #krate::StopMetadata<#span> for #ident #arguments #wheres {
            #[allow(unused_variables, clippy::all, clippy::pedantic)]
            fn stop_metadata<'__r>(&'__r self, #stop: &mut #krate::Stop<'__r>) {
                #[allow(unused_imports)]
                use #k::kept::*;
                #body
            }
        }
    }
}
