//! What a function may return that gives a stream.

use super::*;

#[agent_span(Read { n }, stream, item(|item| last = *item))]
fn boxed(n: u32) -> BoxStream<'static, u32> {
    stream::iter([n]).boxed()
}

#[agent_span(Read { n }, stream, item(|item| last = *item))]
fn boxed_here(n: u32) -> LocalBoxStream<'static, u32> {
    let here = std::rc::Rc::new(n);
    stream::iter([n]).map(move |item| item + *here - *here).boxed_local()
}

#[agent_span(Read { n }, stream, item(|item| last = *item))]
fn boxed_by_hand<'a>(n: u32, items: &'a [u32]) -> Pin<Box<dyn Stream<Item = &'a u32> + Send + Sync + 'a>> {
    Box::pin(stream::iter(items))
}

#[agent_span(Read { n }, stream, item(|item| last = *item))]
fn boxed_in_result(n: u32) -> Result<BoxStream<'static, u32>, Broken> {
    if n == 0 { Err(Broken(0)) } else { Ok(stream::iter([n]).boxed()) }
}

#[agent_span(Read { n }, stream, item(|item| last = *item))]
fn in_result(n: u32) -> Result<impl Stream<Item = u32> + Send, Broken> {
    if n == 0 { Err(Broken(0)) } else { Ok(stream::iter([n])) }
}

#[agent_span(Read { n }, stream, item(|item| last = *item))]
async fn later(n: u32) -> impl Stream<Item = u32> {
    tokio::task::yield_now().await;
    stream::iter([n])
}

#[agent_span(Read { n }, stream, item(|item| last = *item))]
async fn later_in_result(n: u32) -> Result<impl Stream<Item = u32>, Broken> {
    tokio::task::yield_now().await;
    if n == 0 {
        return Err(Broken(0));
    }
    Ok(stream::iter([n]))
}

#[agent_span(Read { n }, stream, item(|item| last = *item))]
async fn boxed_later(n: u32) -> anyhow::Result<BoxStream<'static, u32>> {
    tokio::task::yield_now().await;
    if n == 0 {
        anyhow::bail!(Broken(0));
    }
    Ok(stream::iter([n]).boxed())
}

#[agent_span(Read { n }, stream, item(|item| last = *item))]
async fn of_results_later(n: u32) -> std::io::Result<impl Stream<Item = Result<u32, Broken>>> {
    Ok(try_stream! { yield n; })
}

#[agent_span(Read { n }, stream, item(|item| last = *item))]
fn generated(n: u32, items: &[u32]) -> impl Stream<Item = &u32> {
    stream! {
        for item in items {
            assert!(Context::current().span().is_some(), "the span is not open here");
            yield item;
        }
    }
}

#[agent_span(Read { n }, stream, item(|item| last = *item))]
fn generated_in_results(n: u32, text: &str) -> impl Stream<Item = Result<u32, ParseIntError>> {
    try_stream! {
        for word in text.split(' ') {
            let number: u32 = word.parse()?;
            yield number;
        }
    }
}

struct Source(u32);

trait Reads {
    #[allow(clippy::elidable_lifetime_names, reason = "it is what is tested")]
    fn read<'a>(&'a self) -> BoxStream<'a, u32>;
}

impl Reads for Source {
    #[agent_span(Read { n: self.0 }, stream, item(|item| last = *item))]
    fn read<'a>(&'a self) -> BoxStream<'a, u32> {
        stream::iter([self.0]).boxed()
    }
}

#[async_trait::async_trait]
trait ReadsLater {
    async fn read(&self) -> Result<BoxStream<'static, u32>, Broken>;
}

#[async_trait::async_trait]
impl ReadsLater for Source {
    #[agent_span(Read { n: self.0 }, stream, item(|item| last = *item))]
    async fn read(&self) -> Result<BoxStream<'static, u32>, Broken> {
        Ok(stream::iter([self.0]).boxed())
    }
}

#[tokio::test]
async fn all_are_followed_to_their_end() {
    let capture = testing::capture();
    let run = async {
        assert_eq!(boxed(1).collect::<Vec<_>>().await, [1]);
        assert_eq!(boxed_here(2).collect::<Vec<_>>().await, [2]);
        assert_eq!(boxed_by_hand(3, &[3]).collect::<Vec<&u32>>().await, [&3]);
        assert_eq!(boxed_in_result(4).unwrap().collect::<Vec<_>>().await, [4]);
        assert_eq!(in_result(5).unwrap().collect::<Vec<_>>().await, [5]);
        assert_eq!(later(6).await.collect::<Vec<_>>().await, [6]);
        assert_eq!(later_in_result(7).await.unwrap().collect::<Vec<_>>().await, [7]);
        assert_eq!(boxed_later(8).await.unwrap().collect::<Vec<_>>().await, [8]);
        assert_eq!(of_results_later(9).await.unwrap().collect::<Vec<_>>().await, [Ok(9)]);
        assert_eq!(Reads::read(&Source(10)).collect::<Vec<_>>().await, [10]);
        assert_eq!(ReadsLater::read(&Source(11)).await.unwrap().collect::<Vec<_>>().await, [11]);
        assert_eq!(generated(12, &[12]).collect::<Vec<&u32>>().await, [&12]);
        assert_eq!(generated_in_results(13, "13").collect::<Vec<_>>().await, [Ok(13)]);
        let inline = in_span!(Read { n: 14 }, item(|item| last = *item); stream stream::iter([14]));
        assert_eq!(inline.collect::<Vec<_>>().await, [14]);
    };
    capture.follow(run).await;
    let expected: Vec<String> = (1..=14).map(|n| format!("{n} ok items=1")).collect();
    assert_eq!(ends(&capture), expected);
    for stop in capture.named("streams.read.stop") {
        assert_eq!(stop.get("last").unwrap(), stop.get("n").unwrap());
    }
}

#[tokio::test]
async fn an_err_that_a_generator_gives_ends_it() {
    let capture = testing::capture();
    let seen = capture.follow(generated_in_results(1, "1 x 2").collect::<Vec<_>>()).await;
    assert_eq!((seen.len(), &seen[0]), (2, &Ok(1)));
    assert_eq!(ends(&capture), ["1 error items=2"]);
}

/// The same functions without a handler.
#[tokio::test]
async fn an_unobserved_stream_is_unchanged() {
    assert_eq!(boxed(1).collect::<Vec<_>>().await, [1]);
    assert_eq!(boxed_in_result(4).unwrap().collect::<Vec<_>>().await, [4]);
    assert_eq!(later_in_result(7).await.unwrap().collect::<Vec<_>>().await, [7]);
    assert_eq!(later_in_result(0).await.err(), Some(Broken(0)));
    assert_eq!(in_result(5).unwrap().size_hint(), (1, Some(1)));
}

#[tokio::test]
async fn without_a_stream_the_err_is_the_end() {
    let capture = testing::capture();
    let run = async {
        assert_eq!(later_in_result(0).await.err(), Some(Broken(0)));
        assert!(boxed_later(0).await.is_err());
    };
    capture.follow(run).await;
    assert_eq!(ends(&capture), ["0 error items=none", "0 error items=none"]);
    assert_eq!(capture.named("streams.read.stop")[0].get("error").unwrap(), "broken after 0");
}

#[tokio::test]
async fn the_span_of_a_future_goes_on_with_its_stream() {
    let clock = FakeClock::new();
    let capture = testing::capture().deterministic(&clock, 1);
    #[agent_span(Read { n: 1 }, stream, item(|_item|))]
    async fn connects(clock: &FakeClock) -> Result<impl Stream<Item = u32> + use<>, Broken> {
        clock.advance(Duration::from_millis(20));
        Ok(stream::iter([1]))
    }
    let stream = capture.follow(connects(&clock)).await.unwrap();
    assert_eq!(capture.names(), ["streams.read.start"]);
    clock.advance(Duration::from_millis(1));
    // Wherever it is read: its context goes with it.
    assert_eq!(tokio::spawn(stream.collect::<Vec<_>>()).await.unwrap(), [1]);
    assert_eq!(ends(&capture), ["1 ok items=1"]);
    assert_eq!(stop(&capture).measurements["time_to_first_item"], 21_000_000);
}

#[tokio::test]
async fn dropped_between_the_two_it_is_cancelled() {
    let capture = testing::capture();
    drop(capture.follow(later_in_result(1)).await.unwrap());
    assert_eq!(ends(&capture), ["1 cancelled items=0"]);

    let capture = testing::capture();
    let mut work = Box::pin(capture.follow(later_in_result(1)));
    assert!(futures::poll!(&mut work).is_pending());
    drop(work);
    assert_eq!(ends(&capture), ["1 cancelled items=none"]);
}

#[test]
fn a_hint_of_its_size_is_passed_on() {
    let capture = testing::capture();
    capture.scope(|| {
        let mut stream = plain(1, vec![1, 2]);
        assert_eq!(stream.size_hint(), (2, Some(2)));
        futures::executor::block_on(stream.next());
        assert_eq!(stream.size_hint(), (1, Some(1)));
    });
}
