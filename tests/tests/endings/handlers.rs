use super::*;

/// A handler's destructor is the user's code as well.
#[test]
fn one_that_panics_when_dropped_affects_no_other() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a handler's destructor");
        }
    }
    let bomb = Bomb;
    attach("endings-bomb", event_name!("endings.bomb.done"), move |_: &Event<'_>| {
        let _ = &bomb;
        detach("endings-bomb").unwrap();
    })
    .unwrap();
    let name = event_name!("endings.bomb.done");
    execute(&name, &(), &()).unwrap();

    let bomb = Bomb;
    let context = Context::new().with_handler(name, move |_: &Event<'_>| {
        let _ = &bomb;
    });
    drop(context);
}

#[test]
fn spans_of_a_handler_belong_to_the_span_and_end() {
    let capture = testing::capture().with_context(|context| {
        context.with_handler(event_names!["endings.step.*"], |event: &Event<'_>| {
            if event.metadata().get("n").unwrap() == 1 {
                let run = || -> Json {
                    emit!(compact, duration = Duration::ZERO, before = 1, after = 1);
                    inner(|| ());
                    json!(null)
                };
                run();
            }
        })
    });
    capture.scope(|| outer(|| ()));
    // The capture is the first to see each event.
    assert_eq!(ends(&capture), ["2 ok", "1 ok", "2 ok"]);
    assert_eq!(capture.named("condukt.compact.stop").len(), 2);
}
