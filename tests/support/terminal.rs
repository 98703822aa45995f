//! A terminal with somebody at it: a program on one end, keys and a screen on the other.

use std::{
    io::Read,
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use rustix::{
    fs::{Mode, OFlags, open},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

/// Generous: a loaded machine is slow, a hang is for ever.
const SOON: Duration = Duration::from_secs(30);

/// How long something may still be shown after the end.
const LAST: Duration = Duration::from_millis(500);

/// A program on a terminal of its own.
pub struct Terminal {
    child: Child,
    master: OwnedFd,
    screen: mpsc::Receiver<Vec<u8>>,
    /// All that was shown so far.
    pub shown: String,
    /// How much of it was waited for already.
    seen: usize,
}

impl Terminal {
    /// Starts a command on a terminal of this many rows and columns. Needs util-linux's `setsid`.
    pub fn start(command: &Command, rows: u16, columns: u16) -> Self {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave = open(name.as_c_str(), flags, Mode::empty()).unwrap();
        let on_terminal = || Stdio::from(slave.try_clone().unwrap());

        let mut session = Command::new("setsid");
        session
            .args(["--ctty", "--wait"])
            .arg(command.get_program())
            .args(command.get_args())
            .env_clear()
            .env("TERM", "xterm")
            .stdin(on_terminal())
            .stdout(on_terminal())
            .stderr(on_terminal());
        for (name, value) in command.get_envs() {
            session.env(name, value.unwrap_or_default());
        }
        if let Some(directory) = command.get_current_dir() {
            session.current_dir(directory);
        }
        let (send, screen) = mpsc::channel();
        let mut reader = std::fs::File::from(master.try_clone().unwrap());
        let terminal = Self {
            master,
            screen,
            shown: String::new(),
            seen: 0,
            child: {
                tcsetwinsize(&slave, size(rows, columns)).unwrap();
                session.spawn().unwrap()
            },
        };
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length) = reader.read(&mut bytes)
                && length > 0
                && send.send(bytes[..length].to_vec()).is_ok()
            {}
        });
        terminal
    }

    /// Presses keys.
    pub fn types(&self, keys: &str) {
        let mut rest = keys.as_bytes();
        while !rest.is_empty() {
            let written = rustix::io::write(&self.master, rest).unwrap();
            rest = &rest[written..];
        }
    }

    /// Pulls at the window's corner.
    pub fn resize(&self, rows: u16, columns: u16) {
        tcsetwinsize(&self.master, size(rows, columns)).unwrap();
    }

    /// Waits until something new is shown that has this text in it.
    #[track_caller]
    pub fn shows(&mut self, text: &str) {
        let until = Instant::now() + SOON;
        loop {
            if let Some(at) = self.shown[self.seen..].find(text) {
                self.seen += at + text.len();
                return;
            }
            let left = until.saturating_duration_since(Instant::now());
            match self.screen.recv_timeout(left) {
                Ok(bytes) => self.shown += &String::from_utf8_lossy(&bytes),
                Err(_) => panic!("{text:?} was not shown: {:?}", self.shown),
            }
        }
    }

    /// Waits for the program's end; its exit status.
    pub fn ends(&mut self) -> i32 {
        use std::os::unix::process::ExitStatusExt;

        let until = Instant::now() + SOON;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // Somebody in the background may keep the terminal.
                while let Ok(bytes) = self.screen.recv_timeout(LAST) {
                    self.shown += &String::from_utf8_lossy(&bytes);
                }
                let signal = || 128 + status.signal().unwrap_or_default();
                return status.code().unwrap_or_else(signal);
            }
            assert!(Instant::now() < until, "it does not end: {:?}", self.shown);
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(rows: u16, columns: u16) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}
