//! Processes that the tests need beside themselves: this test binary, started again with a role.

use std::{
    env, fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio, exit},
    time::Duration,
};

use hushkey::{
    launch::{self, Foreground},
    vault::Secret,
};

use crate::lab::{Lab, SOON, redactor, secret};

/// What a role's process prints before anything that is its own.
pub(crate) const CURTAIN: &str = "--curtain--\n";

/// Plays the role that the environment names; a test among others if it names none.
#[test]
fn role() {
    let Ok(role) = env::var("LAB_ROLE") else {
        return;
    };
    match role.as_str() {
        "beneath" => exit(if launch::beneath_a_run() { 10 } else { 11 }),
        "double-fork" => {
            start("setsid").spawn().unwrap();
            exit(0);
        }
        "foreground" => foreground(),
        "server" => server(),
        "storm" => crate::limits::storm(),
        "setsid" => {
            rustix::process::setsid().unwrap();
            let home = env::var("HOME_OF_TEST").unwrap();
            fs::write(format!("{home}/setsid"), "ready\n").unwrap();
            std::thread::sleep(10 * SOON);
            exit(0);
        }
        unknown => panic!("no role {unknown}"),
    }
}

/// This test binary in a role.
pub(crate) fn start(role: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["roles::role", "--exact", "--nocapture", "--test-threads=1"])
        .env("LAB_ROLE", role);
    command
}

/// A server that runs `$LAB_SCRIPT` for an agent.
fn server() {
    let mut lab = Lab::open();
    lab.mark = env::var("LAB").unwrap();
    lab.root = env::var("HOME_OF_TEST").unwrap().into();
    let mut run = lab.script(&env::var("LAB_SCRIPT").unwrap());
    run.env.push(secret("TOKEN", "canary-of-the-server"));
    run.timeout = Some(10 * SOON);
    let _ = lab.run(run);
    exit(0);
}

/// `hushkey run` with `$LAB_SCRIPT`; `$LAB_SECRET` is to be concealed, and is in `$SECRET` and in
/// the file `$SECRET_FILE`.
fn foreground() {
    let script = env::var("LAB_SCRIPT").unwrap();
    let value = env::var("LAB_SECRET").ok().map(Secret::new);
    let with_file = env::var_os("LAB_FILE").is_some();
    let run = Foreground {
        program: env::var_os("LAB_PROGRAM").map_or("/bin/sh".into(), PathBuf::from),
        argv: ["sh", "-c", &script].map(Into::into).into(),
        inherited: env::vars_os()
            .filter(|(name, _)| name != "LAB_ROLE" && name != "LAB_SECRET")
            .collect(),
        env: value
            .iter()
            .map(|value| ("SECRET".into(), launch::Value::Secret(value.clone())))
            .collect(),
        files: value
            .iter()
            .filter(|_| with_file)
            .map(|value| ("SECRET_FILE".into(), value.clone()))
            .collect(),
        timeout: env::var("LAB_TIMEOUT_MS")
            .ok()
            .map(|ms| Duration::from_millis(ms.parse().unwrap())),
        masking: env::var_os("LAB_NO_MASKING").is_none(),
    };
    let concealed: Vec<_> = value.iter().map(|value| ("op://Lab/it", value)).collect();
    print!("{CURTAIN}");
    std::io::stdout().flush().unwrap();
    match launch::foreground(run, &redactor(&concealed)) {
        Ok(status) => exit(status.into()),
        Err(error) => {
            eprintln!("{error}");
            exit(error.exit_status().into());
        }
    }
}

/// Pipes for all three streams.
pub(crate) fn piped(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
}
