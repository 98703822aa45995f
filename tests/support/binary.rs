//! The real binary, typed at by a person with a throw-away home and an empty environment.

// Each of the test programs uses its own part.
#![allow(dead_code)]

use std::{
    ffi::OsStr,
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use hushkey::vault::is_id;
use serde_json::Value;
use tempfile::TempDir;

use crate::{BACKEND, fake_connect::FakeConnect};

/// Where a person's secrets lie: each test program says so once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// On a Connect server with a vault `Dev`.
    Connect,
    /// In a store of their own.
    Local,
}

/// Programs of the system, and nothing else.
pub const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Somebody who types commands.
pub struct Person {
    directory: TempDir,
    /// The Connect server, if there is one.
    pub server: Option<FakeConnect>,
}

/// What a command did.
pub struct Ran {
    /// Its exit status; 128 + the signal that killed it.
    pub status: i32,
    /// What it printed.
    pub stdout: String,
    /// What it said.
    pub stderr: String,
    directory: PathBuf,
}

impl Person {
    /// Somebody who has never used hushkey.
    pub fn new() -> Self {
        let directory = tempfile::Builder::new()
            .prefix("hushkey-person-")
            .tempdir()
            .unwrap();
        let server = (BACKEND == Backend::Connect).then(|| {
            let server = FakeConnect::new();
            server.vault("Dev");
            server
        });
        Self { directory, server }
    }

    /// Somebody with a store, and `Stripe` in vault `Dev`: user name `ops`, password [`Self::PASSWORD`].
    pub fn with_stripe() -> Self {
        let person = Self::new();
        person.types(["init"]).succeeds();
        person.writes("password.txt", Self::PASSWORD);
        person
            .types([
                "item",
                "create",
                "--vault",
                "Dev",
                "--title",
                "Stripe",
                "username=ops",
                "--from-file",
                "password=password.txt",
            ])
            .succeeds();
        person
    }

    /// The password of `Stripe`.
    pub const PASSWORD: &str = "canary-Vq8#tL2!xN6w";

    /// Where hushkey keeps its files.
    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// A path in the directory where commands are typed.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Puts a file there, readable by its owner alone.
    pub fn writes(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// A command that is about to be typed.
    pub fn command<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hushkey"));
        command
            .args(words)
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", PATH)
            .env("HOME", self.directory.path())
            .env("HUSHKEY_HOME", self.home())
            .stdin(Stdio::null());
        if let Some(server) = &self.server {
            command.envs(server.variables());
        }
        command
    }

    /// Types a command.
    pub fn types<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Ran {
        self.runs(&mut self.command(words))
    }

    /// Types a command with variables set.
    pub fn types_with<S: AsRef<OsStr>>(
        &self,
        variables: &[(&str, &str)],
        words: impl IntoIterator<Item = S>,
    ) -> Ran {
        self.runs(self.command(words).envs(variables.iter().copied()))
    }

    /// Types a command, and gives it something on standard input.
    pub fn feeds<S: AsRef<OsStr>>(&self, input: &str, words: impl IntoIterator<Item = S>) -> Ran {
        let mut child = self
            .command(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        self.ran(child.wait_with_output().unwrap())
    }

    /// Runs a prepared command.
    pub fn runs(&self, command: &mut Command) -> Ran {
        self.ran(command.output().unwrap())
    }

    fn ran(&self, output: Output) -> Ran {
        use std::os::unix::process::ExitStatusExt;

        let signal = || 128 + output.status.signal().unwrap_or_default();
        Ran {
            status: output.status.code().unwrap_or_else(signal),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            directory: self.directory.path().to_owned(),
        }
    }
}

impl Ran {
    /// Insists on success.
    pub fn succeeds(self) -> Self {
        self.ends_with(0)
    }

    /// Insists on an exit status.
    pub fn ends_with(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{}{}", self.stdout, self.stderr);
        self
    }

    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("no JSON: {}", self.stdout))
    }

    /// Standard output without what changes from run to run.
    pub fn shown(&self) -> String {
        steady(&self.stdout, &self.directory)
    }

    /// Standard error without what changes from run to run.
    pub fn said(&self) -> String {
        steady(&self.stderr, &self.directory)
    }
}

/// Hides ids, times, request codes and temporary paths. Only what has their form is hidden, so that a snapshot that shows one has
/// seen one.
fn steady(text: &str, directory: &Path) -> String {
    let text = text.replace(&*directory.to_string_lossy(), "[dir]");
    let mut steady = String::new();
    let mut before = "";
    for part in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && !"-:.".contains(c)) {
        let word = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let hidden = match word {
            id if is_id(id) => Some("[id]"),
            time if time.parse::<jiff::Timestamp>().is_ok() => Some("[time]"),
            day if day.len() == 10 && day.parse::<jiff::civil::Date>().is_ok() => Some("[day]"),
            clock
                if clock.ends_with('Z')
                    && clock.len() == 9
                    && clock[..8].parse::<jiff::civil::Time>().is_ok() =>
            {
                Some("[clock]")
            }
            clock if clock.len() == 5 && clock.as_bytes()[2] == b':' => Some("[clock]"),
            code if before == "request"
                && code.len() == 6
                && !code.bytes().any(|b| b.is_ascii_lowercase()) =>
            {
                Some("[code]")
            }
            _ => None,
        };
        before = word;
        steady.push_str(hidden.unwrap_or(word));
        steady.push_str(&part[word.len()..]);
    }
    steady
}

/// Whether a program is there; says loudly that a test is skipped when it is not.
pub fn is_there(program: &str) -> bool {
    let found = PATH
        .split(':')
        .any(|directory| Path::new(directory).join(program).exists());
    if !found {
        eprintln!("\n*** SKIPPED: there is no `{program}` on this machine ***\n");
    }
    found
}
