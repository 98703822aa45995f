//! Another process decides; and sudden ends.

use std::{
    process::{Child, Command, Stdio},
    thread,
    time::Instant,
};

use super::*;

/// Set for a child process: the directory with the file, and what to do there.
const DIRECTORY: &str = "APPROVALS_TEST_DIRECTORY";
const WORK: &str = "APPROVALS_TEST_WORK";

#[test]
fn another_process_decides() {
    let desk = Desk::new();
    let approvals = desk.open();
    let request = approvals.ask(run("-c"), Timestamp::now()).unwrap();

    let mut child = other(&desk, "decide");

    let patience = Instant::now() + Duration::from_secs(60);
    while !approvals.is_answered(&request.id).unwrap() {
        assert!(Instant::now() < patience, "nobody decides");
        thread::sleep(Duration::from_millis(5));
    }
    let taken = approvals.take(&request.id, &request.digest, Timestamp::now());
    assert_eq!(taken.unwrap().unwrap().verdict, Verdict::Yes);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_process_that_is_killed_leaves_a_sound_file_and_its_requests_end_by_themselves() {
    let desk = Desk::new();
    let approvals = desk.open();
    for round in 1..=4 {
        let mut child = other(&desk, "ask");
        let patience = Instant::now() + Duration::from_secs(60);
        let revision = || approvals.lasting().unwrap().revision;
        while revision() < round * 5 {
            assert!(Instant::now() < patience, "nobody asks");
            thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    let now = Timestamp::now();
    let pending = approvals.pending(now).unwrap();
    assert!(!pending.is_empty());
    for request in &pending {
        approvals.find(&request.code, now).unwrap();
    }
    assert!(
        approvals
            .pending(now + SignedDuration::from_secs(121))
            .unwrap()
            .is_empty()
    );
}

/// Not a test but the other processes' work; returns at once where nobody asked for it.
#[test]
fn work_until_killed() {
    let (Some(directory), Ok(work)) = (std::env::var_os(DIRECTORY), std::env::var(WORK)) else {
        return;
    };
    let path = PathBuf::from(directory).join("approvals.db");
    let approvals = Approvals::open(&path, &Holder::new(1)).unwrap();
    let give_up = Instant::now() + Duration::from_secs(60);
    while Instant::now() < give_up {
        let now = Timestamp::now();
        if work == "ask" {
            let asked = approvals.ask(run("-c"), now);
            let request = asked.unwrap_or_else(|_| approvals.pending(now).unwrap().remove(0));
            approvals
                .remember(|lasting| {
                    lasting.revoke(&request.code);
                })
                .unwrap();
            if approvals.pending(now).unwrap().len() > WAITING / 2 {
                approvals.withdraw(&request.id).unwrap();
            }
        } else {
            for request in approvals.pending(now).unwrap() {
                let yes = Decision {
                    at: now,
                    ..decision(Verdict::Yes, 0)
                };
                approvals.decide(&request, &yes, now).unwrap();
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// This test binary once more, as a process that does nothing but work on the desk's file.
fn other(desk: &Desk, work: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "approvals::tests::processes::work_until_killed",
            "--nocapture",
        ])
        .env(DIRECTORY, desk.dir.path())
        .env(WORK, work)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
