//! Connections: let in up to a number, each with limits on how slow and how large a request may be.

use std::{io, sync::Arc, time::Duration};

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::{
    arrival::Arrival,
    brake::Why,
    entrance::Entrance,
    limits::Limits,
    listener::{Caller, Listener, Stream},
};

/// How long a client may take over TLS' greetings.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long nobody is let in after the system could not (no descriptors left, say).
const BREATH: Duration = Duration::from_millis(100);

/// What callers of one listener have in common.
#[derive(Clone)]
pub(super) struct Way {
    /// As each request is told it; the address is the caller's.
    pub(super) arrival: Arrival,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) router: Router,
    pub(super) entrance: Arc<Entrance>,
}

/// Lets callers in until the server is about to end.
pub(super) async fn accept(
    listener: Listener,
    way: Way,
    room: Arc<Semaphore>,
    watch: Arc<GracefulShutdown>,
    closing: CancellationToken,
) {
    loop {
        let place = Arc::clone(&room).acquire_owned();
        let next = async {
            let place = place.await.map_err(|_| io::ErrorKind::Other)?;
            Ok::<_, io::Error>((place, listener.accept().await?))
        };
        let next = tokio::select! {
            () = closing.cancelled() => return,
            next = next => next,
        };
        match next {
            Ok((place, caller)) => {
                tokio::spawn(serve(caller, way.clone(), place, watch.watcher()));
            }
            Err(error) => {
                tracing::warn!(kind = %error.kind(), "nobody can be let in at the moment");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

/// Answers what comes on one connection.
async fn serve(caller: Caller, mut way: Way, _place: OwnedSemaphorePermit, watcher: Watcher) {
    way.arrival.address = caller.address;
    if caller.of_another_user {
        let headers = http::HeaderMap::new();
        way.entrance
            .count(&way.arrival, &headers, Why::User, None)
            .await;
        return;
    }
    let stream: Box<dyn Stream> = match &way.tls {
        None => caller.stream,
        Some(tls) => match tokio::time::timeout(HANDSHAKE, tls.accept(caller.stream)).await {
            Ok(Ok(stream)) => Box::new(stream),
            // Somebody who does not speak TLS, or not with us.
            _ => return,
        },
    };
    let limits = way.entrance.limits.clone();
    let router = way.router.layer(Extension(way.arrival));
    let connection =
        builder(&limits).serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // A connection ends in many ways that are nobody's fault here.
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended");
    }
}

fn builder(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_buf_size(limits.head_bytes.max(8192))
        .keep_alive(true);
    builder
}
