//! An answer's body that holds what the request was let in with, until the last byte has gone.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::BoxBody;
use tokio::sync::OwnedSemaphorePermit;

/// Something to wait for.
pub(super) type Until = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A body, the places that it takes, and when it ends at the latest.
pub(super) struct Held {
    inner: BoxBody<Bytes, Infallible>,
    _places: [OwnedSemaphorePermit; 2],
    until: Option<Until>,
}

impl Held {
    pub(super) fn new(
        inner: BoxBody<Bytes, Infallible>,
        places: [OwnedSemaphorePermit; 2],
        until: Option<Until>,
    ) -> Self {
        Self {
            inner,
            _places: places,
            until,
        }
    }
}

impl Body for Held {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if let Some(until) = &mut this.until
            && until.as_mut().poll(context).is_ready()
        {
            this.until = None;
            this.inner = BoxBody::default();
        }
        Pin::new(&mut this.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
