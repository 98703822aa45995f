//! The server's side of an agent's run: hands it to a supervisor, and reads its output until the report.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use tokio::time::timeout;

use super::{
    Finished, Launch, LaunchError, Seen, Status, View,
    errand::{Errand, Report},
    frame::Frame,
    private_dir,
    program::is_hushkey,
    tree,
};
mod collector;
mod leash;

use collector::collect;
use leash::Leash;

/// How long a pipe may stay open after the end of all that could have held it.
const LAST_OUTPUT: Duration = Duration::from_millis(250);

pub(super) async fn run(
    launch: Launch,
    view: View,
    stopped: impl Future<Output = ()>,
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
    let reported = {
        let mut reading = pin!(read(&view, &mut leash));
        let mut all_read = false;
        let reported = {
            let mut reported = pin!(leash.report(errand, launch.timeout, stopped, cancelled));
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
    let Seen {
        stdout,
        stderr,
        concealed,
    } = view.finish();
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
fn read<'a>(view: &'a View, leash: &mut Leash) -> impl Future<Output = ()> + use<'a> {
    let (stdout, stderr) = leash.output();
    async move {
        tokio::join!(collect(view, 0, stdout), collect(view, 1, stderr));
    }
}
