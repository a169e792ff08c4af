//! The library under another path.

use super::*;

#[derive(EventMetadata)]
#[event("contract.facade_event", crate = crate::facade::telemetry)]
struct Single {
    n: u8,
}

#[derive(EventMetadata)]
#[span("contract.facade_span", stop(hits), crate = crate::facade::telemetry)]
struct Spanned {
    n: u8,
}

#[derive(StopMetadata)]
#[stop_of(Spanned, crate = crate::facade::telemetry)]
struct Hits {
    hits: u8,
}

#[agent_span(Spanned { n: 1 }, crate = crate::facade::telemetry)]
fn spanned() -> Hits {
    record!(Spanned, status = "fine", crate = crate::facade::telemetry);
    Hits { hits: 2 }
}

#[tool_call(crate = crate::facade::telemetry)]
async fn tool(n: u8) -> u8 {
    n
}

#[tokio::test]
async fn every_macro_takes_it() {
    let capture = testing::capture();
    capture.scope(|| {
        Single { n: 1 }.emit();
        spanned();
        in_span!(run, crate = crate::facade::telemetry; || ());
        emit!(compact, duration = 1, before = 1, after = 1, crate = crate::facade::telemetry);
    });
    capture.follow(tool(3)).await;
    assert_eq!(
        capture.tree(),
        "contract.facade_event n=1\n\
             contract.facade_span stop hits=2 n=1 status=fine\n\
             condukt.run stop status=ok\n\
             condukt.compact.stop\n\
             condukt.tool_call stop args={\"n\":3} result=3 status=ok tool=tool\n"
    );
}
