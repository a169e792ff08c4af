use super::*;

#[test]
fn the_last_that_is_there_stands_and_later_rules_win() {
    #[agent_span(Read { n: 1 }, stream, item(|item| last = item.0, sum = item.1), stop(|_end| sum = 100))]
    fn pairs() -> impl Stream<Item = (Option<u32>, u32)> {
        stream! {
            yield (Some(1), 1);
            yield (Some(2), 3);
            yield (None, 6);
        }
    }
    let capture = testing::capture();
    capture.scope(|| futures::executor::block_on(pairs().for_each(|_| async {})));
    assert_eq!(stop(&capture).get("last").unwrap(), 2);
    assert_eq!(stop(&capture).get("sum").unwrap(), 100);
}

#[test]
fn keys_recorded_inside_take_precedence() {
    #[agent_span(Read { n: 1 }, stream, item(|_item| last = 1))]
    fn records() -> impl Stream<Item = u32> {
        stream! {
            record!(Read, last = "recorded");
            yield 1;
        }
    }
    let capture = testing::capture();
    capture.scope(|| futures::executor::block_on(records().for_each(|_| async {})));
    assert_eq!(stop(&capture).get("last").unwrap(), "recorded");
}

#[test]
fn a_rule_at_its_end_may_set_the_status() {
    #[agent_span(Read { n: 1 }, stream, item(|_item|), stop(|_end| status = "partial"))]
    fn partial() -> impl Stream<Item = u32> {
        stream::iter([1])
    }
    let capture = testing::capture();
    capture.scope(|| futures::executor::block_on(partial().for_each(|_| async {})));
    assert_eq!(ends(&capture), ["1 partial items=1"]);
}
