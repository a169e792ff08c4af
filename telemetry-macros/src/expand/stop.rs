//! What a span's end takes from what was returned.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use telemetry_catalogue::StopKeys;

use super::{Runtime, ident, local, own_path, recorded, spanned};
use crate::args::Projection;
use crate::input::here;
use crate::model::{Model, SpanKind, StopKeyName, StopRule};
use crate::shape::nameable;

/// The closure that fills a stop from a reference to what the work returned.
///
/// Where the return type gives its type, so does the closure: how an error is recorded depends on its type,
/// which the work alone may leave open until later.
pub(super) fn closure(model: &Model, runtime: &Runtime, output: Span, returns: Option<&Type>) -> TokenStream {
    let returned = local("returned");
    let derived = derived(model, runtime, output);
    let keys = rule(model.stop.as_ref(), &local("value"), &ident("Stop"), model, runtime);
    filling(model, runtime, &returned, returns, &ident("Stop"), &quote!(#derived #keys))
}

/// The closure that looks at each item of a stream.
pub(super) fn item(model: &Model, runtime: &Runtime, gives: Option<&Type>) -> TokenStream {
    let returned = local("returned");
    let kind = ident("ItemStop");
    let mut keys = answer(model, runtime, &kind);
    if model.response.is_none() && model.is_model_call() {
        let (k, stop, value) = (&runtime.private, local("stop"), local("value"));
        keys = quote! {{ use #k::chunk::*; (&&#k::Chunk(#value)).__telemetry_look(#stop); }};
    }
    keys.extend(rule(model.item.as_ref(), &local("value"), &kind, model, runtime));
    filling(model, runtime, &returned, gives, &kind, &keys)
}

fn filling(
    model: &Model,
    runtime: &Runtime,
    returned: &Ident,
    ty: Option<&Type>,
    kind: &Ident,
    keys: &TokenStream,
) -> TokenStream {
    let k = &runtime.private;
    let known =
        ty.and_then(nameable).map(|ty| quote!(#[allow(clippy::pedantic)] let #returned: &#ty = #returned;));
    let stop = local("stop");
    let value = local("value");
    let ok = quote!(#k::#kind::ok(#stop); #keys);
    let split = split(model, runtime, kind, &quote!(#returned), &quote!(#value), &ok, &quote!());
    quote!(|#returned, #stop| { #known #split })
}

/// The closure that finds an `Err` in place of the stream, which ends the span.
pub(super) fn unless(model: &Model, runtime: &Runtime, returned: &Ident) -> TokenStream {
    let stop = local("stop");
    let split =
        split(model, runtime, &ident("Stop"), &quote!(&#returned), &quote!(_), &quote!(false), &quote!(true));
    quote!(|#stop| { #split })
}

/// The closure for a stream's end: the keys of `stop(..)`.
pub(super) fn end(model: &Model, runtime: &Runtime) -> TokenStream {
    let (stop, value) = (local("stop"), local("value"));
    let keys = rule(model.stop.as_ref(), &value, &ident("Stop"), model, runtime);
    quote!(|#value, #stop| { let _ = (&#value, &#stop); #keys })
}

/// Separates values from errors. `kind` is what is filled: a stop, or the keys of a stream's items.
fn split(
    model: &Model,
    runtime: &Runtime,
    kind: &Ident,
    returned: &TokenStream,
    value: &TokenStream,
    ok: &TokenStream,
    err: &TokenStream,
) -> TokenStream {
    let k = &runtime.private;
    let (stop, error) = (local("stop"), local("error"));
    let keys = rule(model.err.as_ref(), &error, kind, model, runtime);
    // Of a stream, an item may be the `Result`.
    let (traits, span) = match &model.err {
        Some(err) if model.options.stream.is_none() => ("outcome_with_err", err.span.resolved_at(here())),
        _ => ("outcome", here()),
    };
    let traits = ident(traits);
    let split = quote_spanned!(span=> #k::Returned(#returned).__telemetry_split());
    quote! {
        use #k::#traits::*;
        #[allow(unused_variables)]
        match #split {
            #k::Result::Ok(#value) => { #ok }
            #k::Result::Err(#error) => {
                #k::#kind::fail(#stop, (
                    (&&&&&#k::Failed(#error)).__telemetry_text(), (&&&&&#k::Failed(#error)).__telemetry_kind(),
                ));
                #keys
                #err
            }
        }
    }
}

/// The keys of the value itself: through its `StopMetadata`, or as the result.
fn derived(model: &Model, runtime: &Runtime, output: Span) -> TokenStream {
    let k = &runtime.private;
    let (stop, value) = (local("stop"), local("value"));
    let span = output.resolved_at(here());
    let keys = model.span.spec().map_or(StopKeys::Derived, |spec| spec.stop_keys);
    let answer = answer(model, runtime, &ident("Stop"));
    let derived = match keys {
        StopKeys::Value => quote! {
            {
                use #k::whole::*;
                #k::Stop::result(
                    #stop, (&&&&&&#k::Whole(#value)).__telemetry_held(), (&&#k::Whole(#value)).__telemetry_failure(),
                );
            }
        },
        StopKeys::None => TokenStream::new(),
        StopKeys::Derived | StopKeys::Derivable => {
            let name = match &model.span {
                SpanKind::Documented(spec, _) => {
                    let name = ident(spec.short_name);
                    quote!(#k::spans::#name)
                }
                SpanKind::Own(own) => own_path(own),
            };
            if model.stop.is_some() || model.response.is_some() || keys == StopKeys::Derivable {
                quote! {{
                    use #k::may_derive::*;
                    (&#k::May::<#name, _>::new(#value)).__telemetry_fill(#stop);
                }}
            } else {
                // An error about the return type points there.
                let (stop, value) = (spanned(&stop, span), spanned(&value, span));
                match &model.span {
                    SpanKind::Own(own) => {
                        // A struct that is not a span is one error, at its path.
                        let at = own.path.span().resolved_at(here());
                        let (k, there) = (runtime.at(span), runtime.at(at));
                        let derives = quote_spanned!(at=> <#name as #there::SpanMetadata>::Derives);
                        quote_spanned!(span=> #k::StopOfOwn::<#name, #derives>::stop_of_own(#value, #stop);)
                    }
                    SpanKind::Documented(..) => {
                        quote_spanned!(span=> #k::StopMetadata::<#name>::stop_metadata(#value, #stop);)
                    }
                }
            }
        }
    };
    quote!(#answer #derived)
}

/// `response`: the keys that are read from a model's answer.
fn answer(model: &Model, runtime: &Runtime, kind: &Ident) -> TokenStream {
    let Some(rule) = &model.response else { return TokenStream::new() };
    let (k, stop, value) = (&runtime.private, local("stop"), local("value"));
    let span = rule.span.resolved_at(here());
    match &rule.projection {
        None => quote_spanned!(span=> #k::#kind::response(#stop, #value);),
        Some(Projection { pat, expr }) => {
            let at = expr.span().resolved_at(here());
            let k = runtime.at(at);
            let read = quote_spanned!(at=> #k::#kind::response(#stop, &(#expr)););
            quote!({ #[allow(clippy::let_underscore_untyped)] let #pat = #value; #read })
        }
    }
}

/// The keys that a rule computes from `value`.
fn rule(
    rule: Option<&StopRule>,
    value: &Ident,
    kind: &Ident,
    model: &Model,
    runtime: &Runtime,
) -> TokenStream {
    let Some(StopRule { pat, keys, .. }) = rule else { return TokenStream::new() };
    let (k, stop) = (&runtime.private, local("stop"));
    let sets = keys.iter().map(|key| {
        let name = stop_key(&key.key, &model.span, runtime);
        let value = recorded(&key.value, key.ty, runtime);
        let method = ident(if key.appends { "append" } else { "record" });
        quote!(#k::#kind::#method(#stop, #name, #value);)
    });
    quote!({ #[allow(clippy::ignored_unit_patterns, clippy::let_underscore_untyped, clippy::no_effect_underscore_binding, clippy::shadow_same, clippy::used_underscore_binding)] let #pat = #value; #(#sets)* })
}

/// A stop key's text; of a user's own span through a field, so that the compiler checks it.
pub(super) fn stop_key(key: &StopKeyName, span: &SpanKind, runtime: &Runtime) -> TokenStream {
    let k = &runtime.private;
    match (key, span) {
        (StopKeyName::Own(name), SpanKind::Own(own)) => {
            let path = own_path(own);
            quote!(<#path as #k::SpanMetadata>::STOP_KEYS.#name)
        }
        (StopKeyName::Own(name), _) => {
            let name = name.unraw().to_string();
            quote!(#name)
        }
        (StopKeyName::Documented(name), _) => quote!(#name),
        (StopKeyName::User(name), _) => quote!(#name),
    }
}
