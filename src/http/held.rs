//! An answer's body that holds what the request was let in with, until the last byte has gone.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Something to wait for.
pub(super) type Until = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A body, the places that it takes, and when it ends at the latest.
pub(super) struct Held<B, P> {
    inner: B,
    _places: P,
    until: Option<Until>,
}

impl<B, P> Held<B, P> {
    pub(super) fn new(inner: B, places: P, until: Option<Until>) -> Self {
        Self {
            inner,
            _places: places,
            until,
        }
    }
}

impl<B: Body<Data = Bytes> + Default + Unpin, P: Unpin> Body for Held<B, P> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        if let Some(until) = &mut this.until
            && until.as_mut().poll(context).is_ready()
        {
            this.until = None;
            this.inner = B::default();
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
