//! The person at the terminal: questions, and values that are typed unseen.
//!
//! It talks to `/dev/tty`, so that standard input and output stay free for data.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
};

use rustix::termios::{self, LocalModes, OptionalActions, Termios};
use zeroize::Zeroizing;

use crate::{
    cli::failure::{Failure, reason},
    vault::Secret,
};

const CONTROL_C: u8 = 3;
const CONTROL_D: u8 = 4;
const CONTROL_U: u8 = 21;
const BACKSPACES: [u8; 2] = [8, 127];

/// Asks for a value twice, without showing it.
pub(super) fn ask_value(name: &str) -> Result<Secret, Failure> {
    let mut terminal = open().ok_or_else(|| {
        Failure::Usage(format!(
            "there is no terminal to type `{name}` on; use --from-file, or a JSON item on standard input"
        ))
    })?;
    let first = ask_unseen(&mut terminal, &format!("{name}: "))?;
    if first.is_empty() {
        return Err(Failure::Usage("nothing was typed".to_owned()));
    }
    let second = ask_unseen(&mut terminal, &format!("{name}, once more: "))?;
    if first != second {
        return Err(Failure::Usage(
            "the two values differ; nothing was stored".to_owned(),
        ));
    }
    let text = String::from_utf8(first.to_vec())
        .map_err(|_| Failure::Usage("what was typed is not UTF-8".to_owned()))?;
    Ok(Secret::new(text))
}

/// Asks for a passphrase once, without showing it.
pub(super) fn ask_passphrase(name: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut terminal = open().ok_or_else(|| {
        Failure::Usage(
            "there is no terminal to type the passphrase on; --passphrase-file names a private file that holds it, or `-`"
                .to_owned(),
        )
    })?;
    ask_unseen(&mut terminal, &format!("{name}: "))
}

/// Asks a question whose answer is yes or no.
pub(super) fn confirm(question: &str) -> Result<bool, Failure> {
    let mut terminal = open().ok_or_else(|| {
        Failure::Usage("there is no terminal to confirm this on; say --force".to_owned())
    })?;
    let answer = ask_seen(&mut terminal, &format!("{question} [y/N] ")).map_err(unusable)?;
    Ok(matches!(answer.as_deref(), Some("y" | "yes")))
}

/// Asks a question, and shows what is typed; in small letters. `None` when the input ends without a line.
pub(super) fn answer(question: &str) -> Result<Option<String>, Failure> {
    let mut terminal =
        open().ok_or_else(|| Failure::Usage("there is no terminal to ask you on".to_owned()))?;
    ask_seen(&mut terminal, question).map_err(unusable)
}

fn ask_seen(terminal: &mut File, question: &str) -> io::Result<Option<String>> {
    write!(terminal, "{question}")?;
    let mut answer = Vec::new();
    let mut byte = [0];
    loop {
        match terminal.read(&mut byte)? {
            0 if answer.is_empty() => {
                writeln!(terminal)?;
                return Ok(None);
            }
            1 if byte[0] != b'\n' => answer.push(byte[0]),
            _ => break,
        }
    }
    let answer = String::from_utf8_lossy(&answer).trim().to_lowercase();
    Ok(Some(answer))
}

/// Tells whether a person can be asked.
pub(super) fn is_there() -> bool {
    open().is_some()
}

fn open() -> Option<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/tty")
        .ok()
}

fn ask_unseen(terminal: &mut File, prompt: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let before = termios::tcgetattr(&*terminal).map_err(|error| unusable(error.into()))?;
    let quiet = Quiet::begin(terminal, before).map_err(unusable)?;
    // Asked when nothing is shown any more, so that no quick answer is.
    let typed = write!(&*terminal, "{prompt}")
        .map_err(unusable)
        .and_then(|()| read_line(&mut &*terminal));
    drop(quiet);
    // The line feed that was typed was not shown either.
    writeln!(terminal).map_err(unusable)?;
    typed
}

/// Reads bytes up to the end of the line. Signals are off meanwhile, so that an interrupt can't leave
/// the terminal mute: Ctrl-C comes as a byte.
fn read_line(terminal: &mut impl Read) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut line = Zeroizing::new(Vec::with_capacity(256));
    let mut byte = Zeroizing::new([0_u8]);
    loop {
        let read = terminal.read(&mut *byte).map_err(unusable)?;
        match byte[0] {
            _ if read == 0 => return Ok(line),
            b'\n' | b'\r' | CONTROL_D => return Ok(line),
            CONTROL_C => {
                return Err(Failure::Denied(
                    "interrupted; nothing was stored".to_owned(),
                ));
            }
            CONTROL_U => line.clear(),
            byte if BACKSPACES.contains(&byte) => drop_character(&mut line),
            byte => line.push(byte),
        }
    }
}

fn unusable(error: io::Error) -> Failure {
    Failure::Failed(format!("cannot use the terminal: {}", reason(&error)))
}

/// Removes the last character, which may have several bytes.
fn drop_character(line: &mut Vec<u8>) {
    while line
        .pop()
        .is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000)
    {}
}

/// Keeps the terminal from showing what is typed, until it is dropped.
struct Quiet<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Quiet<'a> {
    fn begin(terminal: &'a File, before: Termios) -> io::Result<Self> {
        let mut quiet = before.clone();
        quiet
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        termios::tcsetattr(terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        // There is nobody left to tell when the terminal has gone.
        let _ = termios::tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_can_be_corrected() {
        let typed = "wröng\u{15}ca\u{7f}anné\u{8}e\r".as_bytes();

        let line = read_line(&mut &typed[..]).unwrap();

        assert_eq!(std::str::from_utf8(&line).unwrap(), "canne");
    }

    #[test]
    fn an_interrupt_is_a_no() {
        assert!(matches!(
            read_line(&mut &b"abc\x03"[..]),
            Err(Failure::Denied(_))
        ));
    }
}
