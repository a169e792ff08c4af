use super::*;

macro_rules! events {
        ($($ty:ident: $name:literal),+ $(,)?) => { $(
            #[derive(EventMetadata)]
            #[event($name)]
            struct $ty;
        )+
            const FIRST: &[fn()] = &[$(|| $ty.emit()),+];
        };
    }

events! {
    A: "fire.first.a", B: "fire.first.b", C: "fire.first.c", D: "fire.first.d", E: "fire.first.e",
    F: "fire.first.f", G: "fire.first.g", H: "fire.first.h", I: "fire.first.i", J: "fire.first.j",
    K: "fire.first.k", L: "fire.first.l", M: "fire.first.m", N: "fire.first.n", O: "fire.first.o",
    P: "fire.first.p", Q: "fire.first.q", R: "fire.first.r", S: "fire.first.s", T: "fire.first.t",
}

/// Whichever is first, an event that comes after the attachment is seen.
#[test]
fn that_race_with_an_attachment() {
    for (at, emit) in FIRST.iter().enumerate() {
        let seen = Arc::new(AtomicUsize::new(0));
        let barrier = Barrier::new(3);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    barrier.wait();
                    emit();
                });
            }
            let count = seen.clone();
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                attach(&format!("fire-first-{at}"), event_names!["fire.first.*"], move |_: &Event<'_>| {
                    count.fetch_add(1, Ordering::Relaxed);
                })
                .unwrap();
            });
        });
        let before = seen.load(Ordering::Relaxed);
        assert!(before <= 2);
        emit();
        assert_eq!(seen.load(Ordering::Relaxed), before + 1, "{at}");
        detach(&format!("fire-first-{at}")).unwrap();
    }
}
