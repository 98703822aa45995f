//! Runs misbehaving programs, and looks for what they leave behind.

use std::{
    fs,
    future::pending,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use hushkey::{
    launch::{self, Finished, Keep, Launch, LaunchError, Stdin, Value},
    limits::Limits,
    redact::{Concealed, Redactor},
    vault::Secret,
};

/// Generous: a loaded machine is slow, a hang is for ever.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// One test's own corner: a directory, and a mark that all its processes carry.
pub(crate) struct Lab {
    _home: tempfile::TempDir,
    pub(crate) root: PathBuf,
    pub(crate) mark: String,
}

impl Lab {
    pub(crate) fn open() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // Another user may be let nowhere near the one that cargo built.
        let binary = std::env::var_os("LAB_HUSHKEY");
        launch::reexecute(binary.map_or(env!("CARGO_BIN_EXE_hushkey").into(), PathBuf::from));
        heed_signals();
        let home = tempfile::tempdir().unwrap();
        Self {
            root: home.path().to_owned(),
            _home: home,
            mark: format!(
                "lab-{}-{}",
                std::process::id(),
                COUNT.fetch_add(1, Ordering::Relaxed)
            ),
        }
    }

    /// Words of a shell command that starts this test binary in the role `$LAB_ROLE`.
    fn in_role(&self) -> String {
        let own = std::env::current_exe().unwrap();
        format!(
            "{} roles::role --exact --nocapture --test-threads=1",
            own.display()
        )
    }

    /// A shell script as an agent's run. `$HOME_OF_TEST` is the test's directory, `$LAB` the mark.
    pub(crate) fn script(&self, script: &str) -> Launch {
        Launch {
            program: "/bin/sh".into(),
            argv: ["sh", "-c", script, &self.mark].map(String::from).into(),
            env: vec![
                plain("LAB", &self.mark),
                plain("HOME_OF_TEST", self.root.to_str().unwrap()),
                plain("PATH", "/usr/bin:/bin"),
                plain("SELF", &self.in_role()),
            ],
            files: Vec::new(),
            stdin: Stdin::Empty,
            cwd: "/".into(),
            timeout: Some(SOON),
            keep: Keep::Ends(64 << 10),
            sha256: None,
            limits: Limits::default(),
        }
    }

    pub(crate) fn run(&self, launch: Launch) -> Result<Finished, LaunchError> {
        self.run_until(launch, pending())
    }

    pub(crate) fn run_concealing(
        &self,
        launch: Launch,
        redactor: &Redactor,
    ) -> Result<Finished, LaunchError> {
        runtime().block_on(launch::run(launch, redactor, pending()))
    }

    pub(crate) fn run_until(
        &self,
        launch: Launch,
        cancelled: impl Future<Output = ()>,
    ) -> Result<Finished, LaunchError> {
        runtime().block_on(launch::run(launch, &Redactor::new([]), cancelled))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Waits for a file that a script writes, and returns its first line.
    pub(crate) fn line(&self, name: &str) -> String {
        let path = self.path(name);
        eventually(&format!("{name} is written"), || {
            fs::read_to_string(&path).is_ok_and(|text| text.ends_with('\n'))
        });
        fs::read_to_string(path).unwrap().trim_end().to_owned()
    }

    /// How many sockets and pipes this process has open that runs could have left.
    pub(crate) fn own_sockets(&self) -> usize {
        fs::read_dir("/proc/self/fd").unwrap().count()
    }

    /// Waits until no process carries the mark.
    pub(crate) fn assert_no_process_is_left(&self) {
        eventually("all processes of the run are gone", || {
            processes_with(self.mark.as_bytes()).is_empty()
        });
    }

    /// Asserts that it is so now: for runs whose end was answered.
    pub(crate) fn assert_nothing_is_left_now(&self, private: &str) {
        assert_eq!(processes_with(self.mark.as_bytes()), Vec::<PathBuf>::new());
        assert!(private.contains("hushkey-run-"), "{private}");
        assert!(!Path::new(private).exists(), "{private} is still there");
    }
}

/// The runtime that the server has.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

pub(crate) fn plain(name: &str, value: &str) -> (String, Value) {
    (name.into(), Value::Plain(value.into()))
}

pub(crate) fn secret(name: &str, value: &str) -> (String, Value) {
    (name.into(), Value::Secret(Secret::new(value.into())))
}

pub(crate) fn text(output: &launch::Output) -> String {
    String::from_utf8(output.bytes.clone()).unwrap()
}

pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + SOON;
    while !holds() {
        assert!(Instant::now() < until, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Living processes whose environment or command line holds a text; this test process excepted.
pub(crate) fn processes_with(text: &[u8]) -> Vec<PathBuf> {
    let own = PathBuf::from(format!("/proc/{}", std::process::id()));
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().as_bytes()[0].is_ascii_digit())
        .map(|entry| entry.path())
        .filter(|path| *path != own)
        .filter(|path| holds(path, "environ", text) || holds(path, "cmdline", text))
        .collect()
}

/// Tells whether a process's environment or command line, in `/proc`, holds a text.
pub(crate) fn holds(process: &Path, file: &str, text: &[u8]) -> bool {
    fs::read(process.join(file))
        .is_ok_and(|bytes| bytes.windows(text.len()).any(|window| window == text))
}

/// Tells whether a process is there and no mere zombie: those of other runs may wait for a parent that
/// never asks.
pub(crate) fn lives(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

pub(crate) fn redactor(secrets: &[(&str, &Secret)]) -> Redactor {
    Redactor::new(
        secrets
            .iter()
            .map(|(reference, value)| Concealed { reference, value }),
    )
}

/// Gives children their signals back where whoever started the tests ignores some (`nohup`, a shell's background): a
/// signal with a handler is reset to its default by `exec`, an ignored one stays ignored.
fn heed_signals() {
    static HEEDED: std::sync::Once = std::sync::Once::new();
    HEEDED.call_once(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status
            .lines()
            .find_map(|line| line.strip_prefix("SigIgn:"))
            .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or_default();
        use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2] {
            if ignored & (1 << (signal - 1)) != 0 {
                let heard = std::sync::Arc::default();
                signal_hook::flag::register(signal, heard).unwrap();
            }
        }
    });
}
