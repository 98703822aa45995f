//! One stream of a run's output: read, redacted, kept within bounds.

use tokio::io::{AsyncRead, AsyncReadExt};
use zeroize::Zeroizing;

use crate::{
    launch::{Keep, Output, output::Kept},
    redact::{Counts, Stream},
};

/// Bytes read at once: what a pipe holds.
const CHUNK: usize = 64 << 10;

/// Reads one stream, redacts it and keeps its ends.
pub(super) struct Collector {
    redacting: Stream,
    kept: Kept,
}

impl Collector {
    pub(super) fn new(redacting: Stream, keep: Keep) -> Self {
        Self {
            redacting,
            kept: Kept::new(keep),
        }
    }

    /// Reads to the end. May be dropped at any time; what was read by then counts.
    pub(super) async fn read(&mut self, pipe: Option<impl AsyncRead + Unpin>) {
        let Some(mut pipe) = pipe else {
            return;
        };
        let mut raw = Zeroizing::new(vec![0; CHUNK]);
        let mut redacted = Vec::with_capacity(CHUNK);
        while let Ok(n) = pipe.read(&mut raw).await
            && n > 0
        {
            self.redacting.push(&raw[..n], &mut redacted);
            self.kept.push(&redacted);
            redacted.clear();
        }
    }

    /// Ends the stream, and tells how often each reference was concealed.
    pub(super) fn finish(mut self) -> (Output, Counts) {
        let mut redacted = Vec::new();
        let concealed = self.redacting.finish(&mut redacted);
        self.kept.push(&redacted);
        (self.kept.finish(), concealed)
    }
}
