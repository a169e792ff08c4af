//! `in_span!`, `record!` and `emit!`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprStruct};
use telemetry_catalogue::{EventSpec, Requirement};

use super::capture::Begin;
use super::stop::stop_key;
use super::{Runtime, capture, ident, local, recorded, spanned, stop};
use crate::args::{Recorded, Work};
use crate::input::here;
use crate::model::{Model, SpanKind, StopKey, StopKeyName};

/// `in_span!(SPAN, ..; WORK)`.
pub(crate) fn in_span(model: &Model, work: &Work) -> TokenStream {
    let runtime = Runtime::new(model.krate.as_ref());
    let k = &runtime.private;
    let (start, name) = (local("start"), local("work"));
    let agent = model.span.is("agent").then(|| quote!(::core::module_path!()));
    let begin = if matches!(work, Work::Call(_)) { Begin::Starting } else { Begin::Later };
    let captured = capture::start(model, &runtime, begin, agent, None);
    let stop = || stop::closure(model, &runtime, model.span_span(), None);
    let import = runtime.import(&model.span);
    let instrumented = match work {
        Work::Call(call) => {
            let stop = stop();
            let (site, place) = (runtime.site(&model.span), local("place"));
            quote! {{
                #import
                #[allow(clippy::redundant_closure, clippy::redundant_closure_call)]
                let #name = #k::starting(|#place| { #captured (#call)() });
                // The work alone comes first: what it gives is then of the type that is expected here.
                if !#k::SpanSite::enabled(#site) {
                    #name(#k::Option::None)
                } else {
                    #k::run(move |#place| #name(#place), #stop)
                }
            }}
        }
        Work::Future(future) => {
            let stop = stop();
            let span = future.span().resolved_at(here());
            let (k, name) = (runtime.at(span), spanned(&name, span));
            let instrumented = quote_spanned!(span=> #k::Work::__telemetry_work(#name, #start, #stop));
            quote! {{
                #import
                #captured
                let #name = #future;
                #instrumented
            }}
        }
        Work::Stream(stream) => {
            let (item, end) = (stop::item(model, &runtime, None), stop::end(model, &runtime));
            quote! {{
                #import
                #[allow(unused_imports)]
                use #k::streams::*;
                #captured
                #k::StreamOf(#stream).__telemetry_follow(#start, #item, #end)
            }}
        }
    };
    let import = &runtime.import;
    match (&model.context, work) {
        (None, _) => instrumented,
        (Some(context), Work::Call(_)) => {
            quote!({ #import #k::Context::scope(&(#context), || #instrumented) })
        }
        (Some(context), _) => {
            // Before the callsite is read: this context may hold a handler.
            let name = local("context");
            quote!({
                #import
                let #name: #k::Context = #context;
                #k::InContext::in_context(#instrumented, #name)
            })
        }
    }
}

/// `record!(SPAN, KEY = EXPR, ..)`.
pub(crate) fn record(span: &SpanKind, keys: &[StopKey], runtime: &Runtime) -> TokenStream {
    let k = &runtime.private;
    let site = runtime.site(span);
    let records = keys.iter().map(|key| {
        let name = stop_key(&key.key, span, runtime);
        let value = recorded(&key.value, key.ty, runtime);
        quote!(#k::record(#site, #name, #value);)
    });
    let import = runtime.import(span);
    quote!({ #import if #k::SpanSite::enabled(#site) && #k::is_recorded(#site) { #(#records)* } })
}

/// `record!(span; KEY = EXPR, ..)`: the type of the span has a field for each of its keys.
pub(crate) fn record_by_hand(span: &Expr, keys: &[StopKey], runtime: &Runtime) -> TokenStream {
    let k = &runtime.private;
    let open = local("open");
    let records = keys.iter().map(|key| {
        let name = match &key.key {
            StopKeyName::Documented(name) => quote!(#name),
            StopKeyName::User(name) => quote!(#name),
            StopKeyName::Own(name) => quote!(#k::OpenSpan::keys(#open).#name),
        };
        let value = recorded(&key.value, key.ty, runtime);
        quote!(#k::OpenSpan::record(#open, #name, #value);)
    });
    let import = &runtime.import;
    let reference = quote_spanned!(span.span().resolved_at(here())=> &#span);
    quote!({ #import let #open = #reference; if #k::OpenSpan::is_observed(#open) { #(#records)* } })
}

/// `open_span!(SPAN, ..)`.
pub(crate) fn open_span(model: &Model) -> TokenStream {
    let runtime = Runtime::new(model.krate.as_ref());
    let k = &runtime.private;
    let start = local("start");
    let agent = model.span.is("agent").then(|| quote!(::core::module_path!()));
    let captured = capture::start(model, &runtime, Begin::Later, agent, None);
    let import = runtime.import(&model.span);
    let kind = match &model.span {
        SpanKind::Documented(spec, _) => {
            let name = ident(spec.short_name);
            quote!(#k::spans::#name)
        }
        SpanKind::Own(own) => super::own_path(own),
    };
    let kind = if model.response.is_some() { quote!(#k::Answered<#kind>) } else { kind };
    let open = quote!(#k::open_span::<#kind>(#start));
    let open = match &model.context {
        None => open,
        Some(context) => quote!(#k::Context::scope(&(#context), || #open)),
    };
    quote!({ #import #captured #open })
}

/// `emit!(Own { .. })`.
pub(crate) fn emit_own(own: &ExprStruct, runtime: &Runtime) -> TokenStream {
    let Runtime { private: k, import } = runtime;
    quote!({ #import #k::EventMetadata::emit(&#own) })
}

/// `emit!(EVENT, KEY = EXPR, ..)`.
pub(crate) fn emit(event: &EventSpec, entries: &[(String, Recorded)], runtime: &Runtime) -> TokenStream {
    let k = &runtime.private;
    let site = ident(event.emit);
    let value_of = |key: &str, ty| {
        let (_, value) = entries.iter().find(|(known, _)| known == key)?;
        let value = recorded(value, ty, runtime);
        Some(quote!((#key, #value)))
    };
    let given = |fields: &'static [telemetry_catalogue::FieldSpec]| {
        let given = fields.iter().filter(|field| field.requirement != Requirement::Automatic);
        given.filter_map(|field| value_of(field.key, Some(field.ty))).collect::<Vec<_>>()
    };
    let (measurements, metadata) = (given(event.measurements), given(event.metadata));
    let known = |key: &str| event.measurements.iter().chain(event.metadata).any(|field| field.key == key);
    let own = entries.iter().filter(|(key, _)| !known(key)).filter_map(|(key, _)| value_of(key, None));
    let import = &runtime.import;
    quote! {{
        #import
        if #k::EventSite::enabled(&#k::callsites::#site) && #k::is_seen(&#k::callsites::#site) {
            #k::emit_captured(&#k::callsites::#site, &[#(#measurements),*], &[#(#metadata,)* #(#own),*]);
        }
    }}
}
