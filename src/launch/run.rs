//! The server's side of an agent's run: hands it to a supervisor, and reads its output until the report.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use tokio::time::timeout;

use super::{
    Finished, Launch, LaunchError, Status,
    errand::{Errand, Report},
    frame::Frame,
    private_dir,
    program::is_hushkey,
    tree,
};
use crate::redact::Redactor;

mod collector;
mod leash;

use collector::Collector;
use leash::Leash;

/// How long a pipe may stay open after the end of all that could have held it.
const LAST_OUTPUT: Duration = Duration::from_millis(250);

pub(super) async fn run(
    launch: Launch,
    redactor: &Redactor,
    cancelled: impl Future<Output = ()>,
) -> Result<Finished, LaunchError> {
    let began = Instant::now();
    if !launch.program.is_absolute() {
        return Err(LaunchError::NotFound {
            program: launch.program,
        });
    }
    if is_hushkey(&launch.program) {
        return Err(LaunchError::Hushkey);
    }
    if !launch.cwd.is_absolute() {
        return Err(LaunchError::Directory {
            cwd: launch.cwd,
            reason: "it is not an absolute path".into(),
        });
    }
    let directory = private_dir::fresh_path();
    let errand = Frame::of(&Errand::of(&launch, &directory)?)
        .map_err(|e| LaunchError::failed("describe the run", e))?;
    // The errand has all the values; these need not wait for the program's end.
    drop((launch.env, launch.files, launch.stdin));

    tree::adopt_orphans().map_err(|e| LaunchError::failed("become a subreaper", e))?;
    let mut leash =
        Leash::start().map_err(|e| LaunchError::failed("start a run's supervisor", e))?;
    let mut output = [0; 2].map(|_| Collector::new(redactor.stream(), launch.keep));
    let reported = {
        let mut reading = pin!(read(&mut output, &mut leash));
        let mut all_read = false;
        let reported = {
            let mut reported = pin!(leash.report(errand, launch.timeout, cancelled));
            loop {
                tokio::select! {
                    reported = &mut reported => break reported,
                    () = &mut reading, if !all_read => all_read = true,
                }
            }
        };
        let rest = async {
            if !all_read {
                let _ = timeout(LAST_OUTPUT, reading).await;
            }
        };
        tokio::join!(rest, leash.end(reported.0.as_ref(), &directory));
        reported
    };

    let (status, timed_out, cancelled) = match reported {
        (
            Some(Report::Ended {
                status, timed_out, ..
            }),
            cancelled,
        ) => (status, timed_out, cancelled),
        (Some(Report::NotStarted(obstacle)), _) => {
            return Err(obstacle.into_error(launch.program, launch.cwd));
        }
        (None, true) => (Status::Signaled(Signal::KILL.as_raw()), false, true),
        (None, false) => return Err(LaunchError::Lost),
    };
    let [(stdout, mut concealed), (stderr, more)] = output.map(Collector::finish);
    for (reference, count) in more {
        *concealed.entry(reference).or_default() += count;
    }
    Ok(Finished {
        status,
        timed_out,
        cancelled,
        duration: began.elapsed(),
        stdout,
        stderr,
        concealed,
    })
}

/// Reads both streams to their ends.
fn read<'a>(
    output: &'a mut [Collector; 2],
    leash: &mut Leash,
) -> impl Future<Output = ()> + use<'a> {
    let (stdout, stderr) = leash.output();
    let [kept_stdout, kept_stderr] = output;
    async move {
        tokio::join!(kept_stdout.read(stdout), kept_stderr.read(stderr));
    }
}
