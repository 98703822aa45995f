//! Runs the program that prints the key.
//!
//! Its output is never part of a message. It stays in the caller's process group, so that it can ask for a
//! passphrase or a touch on the terminal. The module does not know what a key looks like.

use std::{
    io::Read,
    os::fd::AsFd,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, poll};
use zeroize::Zeroizing;

use crate::keys::KeyError;

const TIME_LIMIT: Duration = Duration::from_secs(30);
/// How often a program that keeps its output open is looked at, to see whether it has ended.
const GLANCE: Duration = Duration::from_millis(20);

/// Runs a program and returns what it printed, at most `limit` bytes of it.
///
/// # Errors
/// [`KeyError::Command`] when it can't be started, fails, prints more, or takes longer than 30 seconds.
pub(super) fn output(arguments: &[String], limit: usize) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    output_within(arguments, limit, TIME_LIMIT)
}

/// The program's name, for messages: arguments may hold what nobody should read.
pub(super) fn program(arguments: &[String]) -> &str {
    arguments.first().map_or("", String::as_str)
}

fn output_within(
    arguments: &[String],
    limit: usize,
    time: Duration,
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let failed = |what: String| KeyError::Command {
        program: program(arguments).to_owned(),
        what,
    };
    let Some((name, rest)) = arguments.split_first() else {
        return Err(failed("is empty".to_owned()));
    };
    let mut child = Command::new(name)
        .args(rest)
        // It prints one key; it needs no other.
        .env_remove("OP_CONNECT_TOKEN")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| failed(format!("can't be started ({})", e.kind())))?;
    let stdout = child.stdout.take().expect("stdout is a pipe");

    let read = read(&mut child, stdout, limit, Instant::now() + time);
    if read.is_err() {
        // Already gone is fine: it is only waited for, so that no zombie stays.
        child.kill().ok();
        child.wait().ok();
    }
    read.map_err(|what| failed(what.to_owned()))
}

/// Reads until the program has ended. A descendant that keeps the pipe open is not waited for.
fn read(
    child: &mut Child,
    mut stdout: ChildStdout,
    limit: usize,
    deadline: Instant,
) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    // One buffer of the full size: growing would leave pieces of the key behind.
    let mut buffer = Zeroizing::new(vec![0; limit + 1]);
    let (mut used, mut open) = (0, true);
    loop {
        let ended = child.try_wait().map_err(|_| "can't be waited for")?;
        while open
            && readable(
                &stdout,
                if ended.is_some() {
                    Duration::ZERO
                } else {
                    GLANCE
                },
            )
        {
            let read = stdout.read(&mut buffer[used..]);
            let read = read.map_err(|_| "can't be read from")?;
            (used, open) = (used + read, read > 0);
            if used > limit {
                return Err("prints more than a key");
            }
        }
        match ended {
            Some(status) if status.success() => break,
            Some(_) => return Err("failed"),
            None if Instant::now() >= deadline => return Err("took longer than 30 seconds"),
            None if !open => std::thread::sleep(Duration::from_millis(1)),
            None => {}
        }
    }
    buffer.truncate(used);
    Ok(buffer)
}

/// Tells whether there is something to read, or the end, within the time.
fn readable(stdout: &ChildStdout, time: Duration) -> bool {
    let time = time.try_into().expect("a short time");
    let mut watched = [PollFd::from_borrowed_fd(stdout.as_fd(), PollFlags::IN)];
    poll(&mut watched, Some(&time)).is_ok_and(|ready| ready > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, time: Duration) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        output_within(&["sh".into(), "-c".into(), script.into()], 100, time)
    }

    #[test]
    fn output_is_read_to_its_end_even_when_it_comes_slowly() {
        let output = run("printf a; sleep 0.05; printf b", TIME_LIMIT).unwrap();

        assert_eq!(&*output, b"ab");
    }

    #[test]
    fn a_descendant_that_keeps_the_pipe_open_does_not_hang_us() {
        let started = Instant::now();

        let output = run("echo key; sleep 5 &", TIME_LIMIT).unwrap();

        assert_eq!(&*output, b"key\n");
        assert!(started.elapsed() < Duration::from_secs(4));
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended() {
        for script in ["exec sleep 5", "exec >&-; exec sleep 5"] {
            let started = Instant::now();

            let refused = run(script, Duration::from_millis(100)).unwrap_err();

            assert!(refused.to_string().contains("30 seconds"), "{refused}");
            assert!(started.elapsed() < Duration::from_secs(4));
        }
    }

    #[test]
    fn a_program_that_is_missing_is_named_without_its_arguments() {
        let arguments = ["/no/such/program".to_owned(), "canary".to_owned()];

        let refused = output(&arguments, 100).unwrap_err().to_string();

        assert!(refused.contains("/no/such/program"), "{refused}");
        assert!(!refused.contains("canary"), "{refused}");
        assert!(output(&[], 100).is_err());
    }
}
