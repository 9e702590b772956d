//! Changes of deliveries as they happen: server-sent events (HTML Living Standard, section 9.2).

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_core::Stream;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{Answer, Asked, Refusal};

/// Pages that watch at the same time.
const MOST: usize = 256;

type Waiting = Pin<Box<dyn Future<Output = (Receiver<String>, Result<String, RecvError>)> + Send>>;

/// The changes that one page is told of.
struct Changes(Waiting);

fn next(mut from: Receiver<String>) -> Waiting {
    Box::pin(async move {
        let received = from.recv().await;
        (from, received)
    })
}

impl Stream for Changes {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Poll::Ready((from, received)) = self.0.as_mut().poll(context) else { return Poll::Pending };
            self.0 = next(from);
            match received {
                Ok(delivery) => return Poll::Ready(Some(Ok(Event::default().event("changed").data(delivery)))),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Poll::Ready(None),
            }
        }
    }
}

pub(super) fn stream(asked: &Asked) -> Answer {
    if asked.server.changes.receiver_count() >= MOST {
        return Err(Refusal::failed("too many pages watch at the same time: look again by hand"));
    }
    let changes = Changes(next(asked.server.changes.subscribe()));
    Ok(Sse::new(changes).keep_alive(KeepAlive::default()).into_response())
}
