//! One stream of output on its way through a redactor.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::redact::{Counts, Prepared, index::Run};

/// Longer chunks are taken in pieces, so that memory stays flat.
const PIECE: usize = 64 * 1024;

/// What a mark begins with; the reference and `>` follow.
pub(super) const MARK: &[u8] = b"<concealed:";

/// One stream of output; keeps what could still begin a match.
pub struct Stream {
    prepared: Arc<Prepared>,
    /// The undecided end of what was pushed.
    held: Zeroizing<Vec<u8>>,
    /// The byte before `held`, if there is one.
    before: Option<u8>,
    /// How many bytes of `held` were passed on already, to a person who waits.
    shown: usize,
    /// How many bytes of `held` belong to a range whose mark is written.
    covered: usize,
    runs: Vec<Run>,
    counts: Vec<u64>,
}

impl Stream {
    pub(super) fn new(prepared: Arc<Prepared>) -> Self {
        Self {
            counts: vec![0; prepared.references.len()],
            prepared,
            held: Zeroizing::new(Vec::new()),
            before: None,
            shown: 0,
            covered: 0,
            runs: Vec::new(),
        }
    }

    /// Takes a chunk and appends what is safe to pass on.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        if self.prepared.references.is_empty() {
            out.extend_from_slice(chunk);
            return;
        }
        for piece in chunk.chunks(PIECE) {
            self.held.extend_from_slice(piece);
            let undecided = self.prepared.engine.undecided(&self.held);
            self.advance(self.held.len() - undecided, out);
        }
    }

    /// For a person's terminal or pipe: passes on what would otherwise be held back until more comes. Kept are bytes that
    /// begin as a value does, four and more that stand anywhere in a form of one, and what follows a mark and may
    /// belong to it. Whatever is passed on still counts: when the rest of a value follows, it is concealed.
    pub fn idle(&mut self, out: &mut Vec<u8>) {
        let (mut undecided, mut kept) = self.prepared.engine.undecided_exactly(&self.held);
        self.prepared.words.ends(&self.held, |length| {
            undecided = undecided.max(length);
            kept = kept.max(length);
        });
        self.advance(self.held.len() - undecided, out);
        let end = self.held.len() - kept;
        if self.covered == 0 && self.shown < end {
            out.extend_from_slice(&self.held[self.shown..end]);
            self.shown = end;
        }
    }

    /// Ends the stream: appends what was held back, and tells how often each reference was concealed.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Counts {
        self.advance(self.held.len(), out);
        self.counts()
    }

    /// How often each reference was concealed so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::new();
        for (reference, count) in self.prepared.references.iter().zip(&self.counts) {
            if *count > 0 {
                *counts.entry(reference.clone()).or_default() += count;
            }
        }
        counts
    }

    /// Passes on or conceals what comes before `end`; no match that is yet unknown begins there.
    fn advance(&mut self, end: usize, out: &mut Vec<u8>) {
        self.runs.clear();
        self.prepared.engine.find(&self.held, &mut self.runs);
        let secrets = self.runs.len();
        self.prepared
            .words
            .find(&self.held, self.before, &mut self.runs);
        if self.runs.len() > secrets {
            self.runs.sort_unstable();
        }
        let mut next = self.shown.max(self.covered);
        for run in self.runs.iter().take_while(|run| run.start < end) {
            if run.start >= self.covered {
                if next < run.start {
                    out.extend_from_slice(&self.held[next..run.start]);
                }
                write_mark(out, &self.prepared.references[run.owner as usize]);
                self.counts[run.owner as usize] += 1;
            }
            self.covered = self.covered.max(run.end);
            next = next.max(self.covered);
        }
        if next < end {
            out.extend_from_slice(&self.held[next..end]);
        }
        self.before = match end.checked_sub(1) {
            Some(last) => Some(self.held[last]),
            None => self.before,
        };
        self.held.drain(..end);
        self.shown = self.shown.saturating_sub(end);
        self.covered = self.covered.saturating_sub(end);
    }
}

/// The mark names the reference, and tells nothing of the length or place of what it stands for.
pub(super) fn write_mark(out: &mut Vec<u8>, reference: &str) {
    out.extend_from_slice(MARK);
    out.extend_from_slice(reference.as_bytes());
    out.push(b'>');
}
