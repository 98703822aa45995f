//! One stream of a run's output: read to its end, for a view.

use tokio::io::{AsyncRead, AsyncReadExt};
use zeroize::Zeroizing;

use crate::launch::View;

/// Bytes read at once: what a pipe holds.
const CHUNK: usize = 64 << 10;

/// Reads standard output (0) or standard error (1) to the end. May be dropped at any time; what was read by then counts.
pub(super) async fn collect(view: &View, at: usize, pipe: Option<impl AsyncRead + Unpin>) {
    let Some(mut pipe) = pipe else {
        return;
    };
    let mut raw = Zeroizing::new(vec![0; CHUNK]);
    while let Ok(n) = pipe.read(&mut raw).await
        && n > 0
    {
        view.push(at, &raw[..n]);
    }
}
