//! Hushkey is not launched by an agent's run, and notices when it is beneath one.

use std::{fs, os::unix::fs::symlink, path::PathBuf, process::Stdio};

use hushkey::launch::{LaunchError, Status};

use crate::{
    lab::{Lab, plain},
    roles,
};

const BENEATH: i32 = 10;
const NOT_BENEATH: i32 = 11;

fn status_of(script: &str) -> i32 {
    let lab = Lab::open();
    let mut launch = lab.script(script);
    launch.env.push(plain("LAB_ROLE", "beneath"));
    match lab.run(launch).unwrap().status {
        Status::Exited(status) => status,
        Status::Signaled(signal) => panic!("signal {signal}"),
    }
}

#[test]
fn hushkey_is_not_launched_by_any_name() {
    let lab = Lab::open();
    let hushkey = PathBuf::from(env!("CARGO_BIN_EXE_hushkey"));
    let (link, hard_link, copy) = (lab.path("link"), lab.path("hard"), lab.path("copy"));
    symlink(&hushkey, &link).unwrap();
    fs::copy(&hushkey, &copy).unwrap();
    fs::hard_link(&copy, &hard_link).unwrap();

    for program in [hushkey, link, copy, hard_link] {
        let mut launch = lab.script("");
        launch.program = program;

        let error = lab.run(launch).unwrap_err();

        assert!(matches!(error, LaunchError::Hushkey), "{error}");
    }
}

#[test]
fn a_process_outside_any_run_is_not_beneath_one() {
    let status = roles::start("beneath")
        .stdout(Stdio::null())
        .status()
        .unwrap();

    assert_eq!(status.code(), Some(NOT_BENEATH));
}

#[test]
fn a_process_in_a_run_is_beneath_it() {
    assert_eq!(status_of("$SELF"), BENEATH);
}

#[test]
fn an_emptied_environment_hides_nothing() {
    assert_eq!(status_of("env -i LAB_ROLE=beneath $SELF"), BENEATH);
}

#[test]
fn a_raised_limit_hides_nothing() {
    // Only root can; then the supervisor above is what tells.
    assert_eq!(
        status_of(
            "ulimit -x unlimited 2>&-; prlimit --locks=unlimited --pid $$ 2>&-; env -i LAB_ROLE=beneath $SELF"
        ),
        BENEATH
    );
}

#[test]
fn a_double_fork_and_a_session_hide_nothing() {
    let script = "(env -i LAB_ROLE=beneath setsid -w $SELF; echo $? >$HOME_OF_TEST/status) &
        until [ -s $HOME_OF_TEST/status ]; do sleep 0.01; done; exit $(cat $HOME_OF_TEST/status)";
    if !fs::exists("/usr/bin/setsid").unwrap() {
        eprintln!("SKIPPED: there is no setsid(1)");
        return;
    }

    assert_eq!(status_of(script), BENEATH);
}

#[test]
fn a_pid_namespace_hides_nothing() {
    let script = "unshare -Urpf --mount-proc true || exit 77
        env -i LAB_ROLE=beneath unshare -Urpf --mount-proc $SELF";

    match status_of(script) {
        77 => eprintln!("SKIPPED: this system gives no user namespaces"),
        status => assert_eq!(status, BENEATH),
    }
}
