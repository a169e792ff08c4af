use std::collections::BTreeSet;
use std::time::Duration;

use telemetry_runtime::testing::FakeClock;

use super::*;

/// `xxxxxxxx-xxxx-7xxx-[89ab]xxx-xxxxxxxxxxxx`
pub(super) fn assert_canonical(id: &str) {
    let pattern = "xxxxxxxx-xxxx-7xxx-yxxx-xxxxxxxxxxxx";
    assert_eq!(id.len(), pattern.len(), "{id}");
    for (c, expected) in id.chars().zip(pattern.chars()) {
        let fits = match expected {
            'x' => matches!(c, '0'..='9' | 'a'..='f'),
            'y' => matches!(c, '8' | '9' | 'a' | 'b'),
            exactly => c == exactly,
        };
        assert!(fits, "{id}");
    }
}

#[agent_span(agent)]
fn agent() {}

fn ids(capture: &Capture) -> Vec<String> {
    let starts = capture.named("condukt.agent.start");
    starts.iter().map(|start| start.get("session_id").unwrap().as_str().unwrap().to_owned()).collect()
}

#[test]
fn ids_are_canonical_and_unique() {
    let capture = testing::capture();
    (0..1_000).for_each(|_| capture.scope(agent));
    let ids = ids(&capture);
    for id in &ids {
        assert_canonical(id);
    }
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 1_000);
}

#[test]
fn later_ids_sort_later() {
    let clock = FakeClock::new();
    let capture = testing::capture().deterministic(&clock, 3);
    for _ in 0..100 {
        capture.scope(agent);
        clock.advance(Duration::from_millis(1));
    }
    let ids = ids(&capture);
    for id in &ids {
        assert_canonical(id);
    }
    assert!(ids.is_sorted(), "{ids:?}");
}
