//! MCP over standard input and output, until the client goes.
//!
//! Clients end a server in three ways: they close the pipe, or send SIGTERM or SIGINT. Whichever it is, running
//! programs are cancelled, started ones too, and what is left when the wait is over falls to the launcher's own guard.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use rmcp::transport::stdio_pipes;
use tokio::{
    io::{AsyncRead, ReadBuf},
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

use super::{VaultServer, serve};

/// How long requests in flight may finish after the client closed its end.
const AFTER_HANG_UP: Duration = Duration::from_secs(1);
/// How long they may finish after a signal: clients kill 100 ms later.
const AFTER_SIGNAL: Duration = Duration::from_millis(80);
/// How long the log may take over what was ended, when requests took all of that time.
const LAST_WORDS: Duration = Duration::from_millis(15);

/// Why the server did not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The system did not let us listen for signals.
    #[error("signals cannot be received here")]
    Signals(#[source] io::Error),
}

/// Serves one agent over standard input and output, until the client closes it or a signal comes.
///
/// Standard output belongs to the protocol from here on. After this returns, end the runtime without
/// waiting for blocking threads: one may still sit in a read of standard input.
///
/// # Errors
/// [`ServeError`] before the first request only.
pub async fn serve_stdio(server: VaultServer) -> Result<(), ServeError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signals)?;
    let (input, output) = stdio_pipes();
    let (input, hung_up) = Ending::watch(input);

    let broker = server.broker.clone();
    let mut running = serve(server, input, output);
    let patience = tokio::select! {
        _ = hung_up => AFTER_HANG_UP,
        _ = interrupt.recv() => AFTER_SIGNAL,
        _ = terminate.recv() => AFTER_SIGNAL,
    };
    let told_to = Instant::now();
    // The protocol engine would wait some seconds before it cancels; closing it cancels at once.
    let _ = running.close_with_timeout(patience).await;
    if let Some(broker) = broker.opened() {
        // Their supervisors end them in any case; this is for the log.
        let left = patience.saturating_sub(told_to.elapsed()).max(LAST_WORDS);
        let _ = tokio::time::timeout(left, broker.end_started()).await;
    }
    Ok(())
}

/// A reader that tells when there is nothing more to come.
struct Ending<R> {
    inner: R,
    tell: Option<oneshot::Sender<()>>,
}

impl<R> Ending<R> {
    fn watch(inner: R) -> (Self, oneshot::Receiver<()>) {
        let (tell, ended) = oneshot::channel();
        (
            Self {
                inner,
                tell: Some(tell),
            },
            ended,
        )
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Ending<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut this.inner).poll_read(context, buffer));
        if (read.is_err() || buffer.filled().len() == before)
            && let Some(tell) = this.tell.take()
        {
            let _ = tell.send(());
        }
        Poll::Ready(read)
    }
}
