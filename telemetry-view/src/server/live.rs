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

use super::shared::Shared;
use crate::model::{AT_A_TIME, Cursor};

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
    let since = headers.get("last-event-id").map_or_else(Cursor::default, |last| {
        let seen = last.to_str().ok().and_then(|id| id.split_once('-'));
        let of_this = seen.filter(|(instance, _)| *instance == shared.instance);
        of_this.and_then(|(_, cursor)| cursor.parse().ok()).unwrap_or(Cursor::UNKNOWN)
    });
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(send(shared, since, sender));
    Sse::new(Messages(receiver)).keep_alive(KeepAlive::default())
}

async fn send(shared: Arc<Shared>, mut since: Cursor, sender: mpsc::Sender<Event>) {
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
            let message = serde_json::to_string(&changes).unwrap_or_default();
            (message, changes.next, changes.more, changes.spans.len() > MANY)
        };
        if first || next != since {
            permit.send(Event::default().id(format!("{}-{next}", shared.instance)).data(message));
        }
        (since, first) = (next, false);
        if !more {
            if changed.changed().await.is_err() {
                return;
            }
            tokio::time::sleep(if many { LONG_PAUSE } else { PAUSE }).await;
        }
    }
}

struct Messages(mpsc::Receiver<Event>);

impl Stream for Messages {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|event| event.map(Ok))
    }
}
