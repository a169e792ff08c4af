//! Events and spans of your own, beside the documented ones: declared as structs, checked by the compiler.

use telemetry_runtime::{Event, EventMetadata, agent_span, attach, event_names, record};

/// A single event.
#[derive(EventMetadata)]
#[event("shop.cache.lookup")]
struct CacheLookup<'a> {
    #[event(measurement)]
    count: u64,
    key: &'a str,
    #[event(rename = "hit?")]
    hit: bool,
}

/// A span: `shop.retrieval.start`, then `.stop` or `.exception`. A stop may have `hits` and `cached`.
#[derive(EventMetadata)]
#[span("shop.retrieval", stop(hits, cached))]
struct Retrieval<'a> {
    query: &'a str,
    top_k: usize,
}

#[agent_span(Retrieval { query, top_k: k }, stop(|docs| hits = docs.len()))]
fn retrieve(query: &str, k: usize) -> Vec<String> {
    CacheLookup { count: 1, key: query, hit: false }.emit();
    record!(Retrieval, cached = false);
    vec![query.to_owned(); k]
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    attach("print", event_names!["shop.**"], |event: &Event<'_>| {
        println!("{:<22} {:?}", event.name(), event.metadata());
    })?;
    assert_eq!(retrieve("reindeer", 2).len(), 2);
    Ok(())
}
