//! A listener on loopback that is hard to tie up: few connections, short headers, little patience.
//!
//! It does not know what it serves.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

/// More than a person's browser opens.
const CONNECTIONS: usize = 64;

/// How long a request's head may take.
const HEAD: Duration = Duration::from_secs(5);

/// The largest head, in bytes.
const LARGEST_HEAD: usize = 16 * 1024;

/// How long to wait after the system could not give another connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until it is dropped.
pub(super) async fn serve(listener: TcpListener, pages: Router) -> Infallible {
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let permit = Arc::clone(&free).acquire_owned().await;
        match listener.accept().await {
            Ok((stream, _)) => {
                let pages = pages.clone();
                tokio::spawn(async move {
                    answer(stream, pages).await;
                    drop(permit);
                });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn answer(stream: TcpStream, pages: Router) {
    let _ = stream.set_nodelay(true);
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(pages))
        .await;
    if served.is_err() {
        // What a client sent is not repeated.
        tracing::debug!(target: "hushkey", "a connection to the local page ended early");
    }
}
