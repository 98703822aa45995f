//! Starts the process that holds the key: this very program, with nothing of our environment, and the key on a pipe.

use std::{
    io::{Read, Write},
    process::{Command, Stdio},
    time::Duration,
};

use zeroize::Zeroizing;

use crate::{
    keys::OpenedKey,
    private_file,
    unlocked::{KEYS, Place, UnlockedError},
};

/// What the holder says when it can be asked.
pub(super) const READY: &[u8] = b"ready\n";

/// Starts a holder in the place of one that may be there. When this returns, it can be asked.
///
/// `words` are the arguments with which this program calls [`super::hold`].
///
/// # Errors
/// [`UnlockedError`] when the socket's directory is not private, or the holder does not begin.
pub fn start(
    place: &Place,
    opened: &OpenedKey,
    words: &[&str],
    time: Duration,
) -> Result<(), UnlockedError> {
    private_file::ensure_private_dir(private_file::directory_of(&place.socket))?;
    place.lock()?;
    let failed = |what: &str| UnlockedError::NotStarted(what.to_owned());
    let mut holder = Command::new("/proc/self/exe")
        .args(words)
        .arg(&place.socket)
        .arg(time.as_secs().to_string())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .current_dir("/")
        .spawn()
        .map_err(|error| failed(&error.kind().to_string()))?;

    let mut keys = Zeroizing::new([0; KEYS]);
    keys[..32].copy_from_slice(opened.kek.bytes());
    keys[32..].copy_from_slice(opened.approvals.as_bytes());
    let (input, output) = (holder.stdin.take(), holder.stdout.take());
    let given = input.is_some_and(|mut input| input.write_all(&keys[..]).is_ok());
    let mut said = Vec::new();
    let read = output.map(|output| output.take(READY.len() as u64).read_to_end(&mut said));
    if given && matches!(read, Some(Ok(_))) && said == READY {
        return Ok(());
    }
    // It has ended, or will: nobody reads what it says.
    let _ = holder.kill();
    let _ = holder.wait();
    Err(failed(&format!(
        "it can't listen at `{}`; a path of more than 100 bytes is too long, and XDG_RUNTIME_DIR names a shorter one",
        place.socket.display()
    )))
}
