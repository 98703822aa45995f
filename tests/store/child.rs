//! This test program, started again as another process with one job.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

const JOB: &str = "HUSHKEY_TEST_JOB";
const HOME: &str = "HUSHKEY_TEST_HOME";

/// Starts a process that does a job in a directory. It succeeds when the job does not panic.
pub(crate) fn start(job: &str, home: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["child::job", "--exact", "--nocapture"])
        .env(JOB, job)
        .env(HOME, home)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits for processes and expects them to succeed.
pub(crate) fn join(children: Vec<Child>) {
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
}

/// Where a child does its job. In the run that is not a child, there is nothing to do.
#[test]
fn job() {
    let Ok(job) = env::var(JOB) else { return };
    let home = PathBuf::from(env::var_os(HOME).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    match job.as_str() {
        "count" => runtime.block_on(crate::processes::count(&home)),
        "create" => drop(crate::support::open_in(&home)),
        "fill" => runtime.block_on(crate::limits::fill(&home)),
        "open to all" => crate::privacy::create_with_open_umask(&home),
        "write" => runtime.block_on(crate::kills::write(&home)),
        other => panic!("no job is called {other}"),
    }
}
