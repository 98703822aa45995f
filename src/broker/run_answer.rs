//! From a finished run to what a model is told of it.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    broker::RunAnswer,
    launch::{Finished, Output, Seen, Status},
    policy::OutputMode,
};

/// Counts that an agent is told stop here, so that they can't be used to ask questions about a value.
const MOST_COUNTED: u64 = 9;

/// How a run ended, if it has.
#[derive(Clone)]
pub(super) struct Ended {
    status: Option<Status>,
    timed_out: bool,
    cancelled: bool,
    duration: Duration,
}

impl Ended {
    /// A run that goes on, for so long by now.
    pub(super) fn not_yet(duration: Duration) -> Self {
        Self {
            status: None,
            timed_out: false,
            cancelled: false,
            duration,
        }
    }
}

impl From<&Finished> for Ended {
    fn from(finished: &Finished) -> Self {
        Self {
            status: Some(finished.status),
            timed_out: finished.timed_out,
            cancelled: finished.cancelled,
            duration: finished.duration,
        }
    }
}

/// The answer that the output mode allows.
pub(super) fn answer(ended: Ended, seen: Seen, mode: OutputMode, agent: bool) -> RunAnswer {
    let truncated = matches!(mode, OutputMode::Full | OutputMode::Tail)
        && (seen.stdout.truncated || seen.stderr.truncated);
    let (stdout, stderr, mut concealed) = match mode {
        OutputMode::None => (String::new(), String::new(), BTreeMap::new()),
        OutputMode::Summary => (
            summary(&seen.stdout),
            summary(&seen.stderr),
            BTreeMap::new(),
        ),
        OutputMode::Full | OutputMode::Tail => {
            (text(seen.stdout), text(seen.stderr), seen.concealed)
        }
    };
    if agent {
        concealed
            .values_mut()
            .for_each(|count| *count = (*count).min(MOST_COUNTED));
    }
    RunAnswer {
        status: ended.status,
        timed_out: ended.timed_out,
        cancelled: ended.cancelled,
        duration: ended.duration,
        mode,
        stdout,
        stderr,
        truncated,
        withheld: None,
        concealed,
    }
}

/// Leaves the last lines of both streams; what is cut was redacted before.
pub(super) fn keep_last_lines(answer: &mut RunAnswer, lines: usize) {
    for text in [&mut answer.stdout, &mut answer.stderr] {
        let end = text.strip_suffix('\n').unwrap_or(text).len();
        let first = text[..end]
            .rmatch_indices('\n')
            .nth(lines.saturating_sub(1));
        if let Some((at, _)) = first {
            text.drain(..=at);
            answer.truncated = true;
        }
    }
}

/// A mask would show a short value by what is missing, so nothing but success or failure is told.
pub(super) fn withhold(answer: &mut RunAnswer, references: &[String]) {
    answer.mode = OutputMode::None;
    answer.stdout.clear();
    answer.stderr.clear();
    answer.truncated = false;
    answer.concealed.clear();
    answer.withheld = Some(format!(
        "output withheld: {} is too short or too easy to guess to be concealed in a text",
        references.join(", ")
    ));
}

/// The text shows a value in a form that can't be mapped back to a place in it: none of it is told.
pub(super) fn withhold_disguised(answer: &mut RunAnswer, reference: &str) {
    answer.stdout.clear();
    answer.stderr.clear();
    answer.truncated = false;
    answer.concealed.clear();
    answer.withheld = Some(format!(
        "output withheld: it looks like an encoded form of {reference}; run it so that it does not print the value"
    ));
}

/// The text shows a piece of a value, of which half is known already: none of it is told.
pub(super) fn withhold_pieces(answer: &mut RunAnswer, reference: &str) {
    answer.stdout.clear();
    answer.stderr.clear();
    answer.truncated = false;
    answer.concealed.clear();
    answer.withheld = Some(format!(
        "output withheld: with what was shown before, too much of {reference} would be known; run it so that it prints no part of the value"
    ));
}

fn text(output: Output) -> String {
    String::from_utf8(output.bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Counts in steps, so that the length of a value can't be read from them.
fn summary(output: &Output) -> String {
    let rounded = |count: u64| match count {
        0 => "no".to_owned(),
        1..10 => "fewer than 10".to_owned(),
        _ => format!("about {}", count.next_power_of_two()),
    };
    format!(
        "{} lines, {} bytes",
        rounded(output.total_lines),
        rounded(output.total_bytes)
    )
}
