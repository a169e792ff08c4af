//! What changes, as server-sent events.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_core::Stream;
use tokio::sync::mpsc;

use super::Shared;

/// How many spans go into one message.
const AT_A_TIME: usize = 10_000;
/// How long changes are gathered: of a few, and of so many that a file is being read.
const PAUSE: Duration = Duration::from_millis(100);
const LONG_PAUSE: Duration = Duration::from_millis(400);
const MANY: usize = 2_000;

/// The changes since the last message that the page has seen, which its `Last-Event-ID` names.
///
/// A page that reads slowly gets fewer, larger messages: what changed meanwhile is asked of the model when the page
/// is ready for it, and nothing waits in between.
pub(super) async fn live(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let seen = last.and_then(|id| id.split_once('-'));
    let since = seen.filter(|(instance, _)| *instance == shared.instance).and_then(|(_, at)| at.parse().ok());
    let other = last.is_some() && since.is_none();
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(send(shared, since.unwrap_or(0), other, sender));
    Sse::new(Messages(receiver)).keep_alive(KeepAlive::default())
}

async fn send(shared: Arc<Shared>, mut since: u64, mut reset: bool, sender: mpsc::Sender<Event>) {
    let mut changed = shared.changed.subscribe();
    let mut first = true;
    loop {
        // Room first, so that what is sent is what is true when it is.
        let Ok(permit) = sender.reserve().await else { return };
        changed.borrow_and_update();
        shared.note_dropped();
        let (message, next, more, many) = {
            let model = shared.model();
            let changes = model.changes(since, AT_A_TIME);
            let more = changes.revision < model.revision();
            let reset = changes.reset || reset;
            let message = serde_json::to_string(&Message { live: true, reset, more, changes: &changes });
            (message.unwrap_or_default(), changes.revision, more, changes.spans.len() > MANY)
        };
        if first || next != since || reset {
            permit.send(Event::default().id(format!("{}-{next}", shared.instance)).data(message));
        }
        (since, reset, first) = (next, false, false);
        if !more {
            if changed.changed().await.is_err() {
                return;
            }
            tokio::time::sleep(if many { LONG_PAUSE } else { PAUSE }).await;
        }
    }
}

#[derive(serde::Serialize)]
struct Message<'m> {
    live: bool,
    /// Whether what the page has is of another run.
    reset: bool,
    /// Whether another message follows at once.
    more: bool,
    #[serde(flatten)]
    changes: &'m crate::model::Changes<'m>,
}

struct Messages(mpsc::Receiver<Event>);

impl Stream for Messages {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|event| event.map(Ok))
    }
}
