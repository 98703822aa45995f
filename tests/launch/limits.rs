//! What a rule lets a program use of the machine: the kernel holds it to that, and all that it starts.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    process::{Command, exit},
    time::Duration,
};

use hushkey::{
    launch::{Finished, LaunchError, Status},
    limits::Limits,
};
use rustix::process::getuid;

use crate::{
    lab::{Lab, text},
    roles,
};

/// An ordinary user of every system.
const NOBODY: &str = "65534";
/// More than a run of this test may start.
const STORM: u64 = 40;

fn limited(lab: &Lab, limits: Limits, script: &str) -> Result<Finished, LaunchError> {
    let mut launch = lab.script(script);
    launch.limits = limits;
    lab.run(launch)
}

#[test]
fn a_program_gets_no_more_memory_than_its_rule_says() {
    let lab = Lab::open();
    let greedy = "dd if=/dev/zero of=/dev/null bs=256M count=1 2>/dev/null";
    let limits = Limits {
        memory: Some(64 << 20),
        ..Limits::default()
    };

    let free = limited(&lab, Limits::default(), greedy).unwrap();
    let bound = limited(&lab, limits, greedy).unwrap();

    assert_eq!(free.status, Status::Exited(0));
    assert_eq!(bound.status, Status::Exited(1));
}

#[test]
fn a_program_writes_no_larger_file_than_its_rule_says() {
    let lab = Lab::open();
    let limits = Limits {
        file: Some(1 << 20),
        ..Limits::default()
    };

    let finished = limited(
        &lab,
        limits,
        "exec dd if=/dev/zero of=$HOME_OF_TEST/big bs=64k count=64",
    );

    assert_eq!(finished.unwrap().status, Status::Signaled(25), "SIGXFSZ");
    assert_eq!(fs::metadata(lab.path("big")).unwrap().len(), 1 << 20);
}

#[test]
fn a_program_that_only_computes_is_ended_when_its_processor_time_is_used_up() {
    let lab = Lab::open();
    let limits = Limits {
        cpu: Some(Duration::from_secs(1)),
        ..Limits::default()
    };

    let heeds = limited(&lab, limits, "while :; do :; done").unwrap();
    let ignores = limited(&lab, limits, "trap '' XCPU; while :; do :; done").unwrap();

    assert_eq!(heeds.status, Status::Signaled(24), "SIGXCPU");
    assert_eq!(ignores.status, Status::Signaled(9), "SIGKILL");
}

#[test]
fn a_program_cannot_raise_its_limits() {
    let lab = Lab::open();
    let limits = Limits {
        file: Some(1 << 20),
        memory: Some(64 << 20),
        ..Limits::default()
    };

    let finished = limited(&lab, limits, "ulimit -Hf; ulimit -Hd").unwrap();

    assert_eq!(text(&finished.stdout), "2048\n65536\n");
}

#[test]
fn a_fork_storm_ends_at_the_limit_on_processes() {
    let lab = Lab::open();
    let mut storm = if getuid().is_root() {
        let Some(storm) = as_nobody(&lab) else {
            eprintln!(
                "SKIPPED: a fork storm under a limit: setpriv(1), which makes root an ordinary user, is missing"
            );
            return;
        };
        storm
    } else {
        roles::start("storm")
    };

    let ended = storm.output().unwrap();

    let told = String::from_utf8_lossy(&ended.stdout);
    let started: u64 = told
        .rsplit_once(roles::CURTAIN)
        .and_then(|(_, count)| count.trim().parse().ok())
        .unwrap_or_else(|| panic!("{told}\n{}", String::from_utf8_lossy(&ended.stderr)));
    // What ran beside it at the start may have ended since, and made room for as many.
    assert!(
        (1..STORM / 2).contains(&started),
        "{started} of {STORM} were started"
    );
}

/// The role of a server that runs a storm under a limit of eight; prints how many processes it could start.
pub(crate) fn storm() {
    let lab = Lab::open();
    let limits = Limits {
        processes: Some(8),
        ..Limits::default()
    };
    let script = format!(
        "i=0; while [ $i -lt {STORM} ]; do sleep 20 & i=$((i+1)); echo $i > $HOME_OF_TEST/count; done"
    );

    let finished = limited(&lab, limits, &script).unwrap();

    assert_eq!(
        finished.status,
        Status::Exited(2),
        "the shell could not fork"
    );
    lab.assert_no_process_is_left();
    let count = fs::read_to_string(lab.path("count")).unwrap_or_default();
    println!("{}{count}", roles::CURTAIN);
    exit(0);
}

/// The storm as an ordinary user, who may be let nowhere near the directories of this build.
fn as_nobody(lab: &Lab) -> Option<Command> {
    fs::set_permissions(&lab.root, fs::Permissions::from_mode(0o755)).unwrap();
    let near = |from: &str, name| {
        let to = lab.path(name);
        fs::copy(from, &to).unwrap();
        fs::set_permissions(&to, fs::Permissions::from_mode(0o755)).unwrap();
        to
    };
    let hushkey = near(env!("CARGO_BIN_EXE_hushkey"), "hushkey");
    let test = near(env::current_exe().unwrap().to_str().unwrap(), "test");
    let there = Command::new("setpriv").arg("--version").output().is_ok();
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--"])
        .arg(test)
        .args(roles::start("storm").get_args())
        .env("LAB_ROLE", "storm")
        .env("LAB_HUSHKEY", hushkey)
        .current_dir("/");
    there.then_some(command)
}

#[test]
fn a_limit_on_processes_that_would_not_bind_is_refused() {
    if !getuid().is_root() {
        // It binds: the storm has shown that.
        return;
    }
    let lab = Lab::open();
    let limits = Limits {
        processes: Some(8),
        ..Limits::default()
    };

    let refused = limited(&lab, limits, "touch $HOME_OF_TEST/started").unwrap_err();

    assert!(matches!(refused, LaunchError::Unsupported(_)), "{refused}");
    assert!(!lab.path("started").exists());
}
