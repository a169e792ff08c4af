//! Random calls.

use super::*;

pub(crate) fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        4 => Just(Kind::Own),
        1 => Just(Kind::Tool),
        2 => Just(Kind::Agent),
        1 => Just(Kind::Subagent),
        1 => Just(Kind::Iteration),
    ]
}

pub(crate) fn shape() -> impl Strategy<Value = Shape> {
    use Shape::{Async, Boxed, ByHand, Early, First, InSpan, Made, Plain, Stream, Sync};
    prop_oneof![
        3 => proptest::sample::select(vec![Async, Sync]),
        2 => proptest::sample::select(vec![Boxed, Made, Plain, First, InSpan, Stream, Early, ByHand]),
    ]
}

pub(crate) fn simple_step() -> impl Strategy<Value = Step> {
    let recording = (any::<bool>(), proptest::option::weighted(0.2, 1..4_usize))
        .prop_map(|(own_only, fails_at)| Recording { own_only, fails_at });
    prop_oneof![
        4 => (1..3_u8).prop_map(Step::Yield),
        2 => Just(Step::Panic),
        2 => Just(Step::Record),
        1 => Just(Step::Fail),
        2 => (0..PLACES, recording).prop_map(|(at, recording)| Step::Attach(at, recording)),
        1 => (0..PLACES).prop_map(Step::Detach),
    ]
}

pub(crate) fn call() -> impl Strategy<Value = Call> {
    let of = |steps: BoxedStrategy<Vec<Step>>| {
        (kind(), shape(), steps).prop_map(|(kind, shape, steps)| Call { kind, shape, steps })
    };
    let leaf = of(proptest::collection::vec(simple_step(), 0..3).boxed());
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let calls = || proptest::collection::vec(inner.clone(), 1..4);
        let fate = prop_oneof![
            3 => Just(Fate::Joined),
            2 => (0..3_u8).prop_map(Fate::Aborted),
            1 => Just(Fate::Detached),
            1 => Just(Fate::Bare),
        ];
        let on_err = prop_oneof![Just(OnErr::Ignore), Just(OnErr::Return)];
        let step = prop_oneof![
            6 => simple_step(),
            4 => (inner.clone(), on_err).prop_map(|(call, on_err)| Step::Call(call, on_err)),
            2 => inner.clone().prop_map(Step::Caught),
            2 => calls().prop_map(Step::Join),
            2 => calls().prop_map(Step::Select),
            2 => (inner.clone(), 0..4_u8).prop_map(|(call, polls)| Step::Cancel(call, polls)),
            1 => (inner.clone(), 0..3_u8).prop_map(|(call, polls)| Step::Leak(call, polls)),
            3 => (inner.clone(), fate).prop_map(|(call, fate)| Step::Spawn(call, fate)),
            1 => inner.clone().prop_map(Step::Thread),
            1 => inner.prop_map(Step::Finally),
        ];
        of(proptest::collection::vec(step, 0..4).boxed())
    })
}

pub(crate) fn executor() -> impl Strategy<Value = Executor> {
    prop_oneof![
        4 => Just(Executor::CurrentThread),
        3 => Just(Executor::MultiThread),
        1 => Just(Executor::ShutDown),
    ]
}
