//! Many writers at once, and sudden ends.

use std::{
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::*;

/// Set for a child process: where it writes until it is killed.
const WRITER: &str = "AUDIT_TEST_WRITER";

#[test]
fn threads_and_processes_append_to_one_sound_chain() {
    let desk = Desk::new();
    let log = desk.log();
    let mut children: Vec<_> = (0..3).map(|_| writer(&desk)).collect();

    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..40 {
                    log.append_all(&[allowed(), denied()], None).unwrap();
                }
            });
        }
    });
    wait_for_entries(&log, 300);
    for child in &mut children {
        child.kill().unwrap();
        child.wait().unwrap();
    }

    let verification = log.verify().unwrap();
    assert_eq!(verification.fault, None);
    assert!(verification.sound >= 300);
}

#[test]
fn a_kill_in_the_middle_leaves_a_sound_chain_and_loses_nothing_that_was_acknowledged() {
    let desk = Desk::new();
    let log = desk.log();
    for round in 1..=8 {
        let mut child = writer(&desk);
        wait_for_entries(&log, round * 10);
        child.kill().unwrap();
        child.wait().unwrap();

        let acknowledged = fs::read_to_string(desk.dir.path().join("acknowledged")).unwrap();
        let last = acknowledged.lines().next_back().unwrap().parse().unwrap();
        let verification = log.verify().unwrap();
        assert_eq!(verification.fault, None);
        assert!(verification.sound >= last, "{verification:?} {last}");
    }
}

/// Not a test but the other processes' work; returns at once where nobody asked for it.
#[test]
fn write_until_killed() {
    let Some(dir) = std::env::var_os(WRITER) else {
        return;
    };
    let dir = PathBuf::from(dir);
    let log = AuditLog::open(&dir.join("audit.db"), &Holder::new(1)).unwrap();
    let acknowledged = dir.join("acknowledged");
    let give_up = Instant::now() + Duration::from_secs(60);
    while Instant::now() < give_up {
        let recorded = log.append(&denied()).unwrap();
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&acknowledged)
            .unwrap();
        std::io::Write::write_all(&mut file, format!("{}\n", recorded.seq).as_bytes()).unwrap();
    }
}

fn wait_for_entries(log: &AuditLog, count: u64) {
    let patience = Instant::now() + Duration::from_secs(60);
    while log.verify().unwrap().sound < count {
        assert!(Instant::now() < patience, "no process writes");
        thread::sleep(Duration::from_millis(2));
    }
}

/// This test binary once more, as a process that does nothing but write to the desk's log.
fn writer(desk: &Desk) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "audit::tests::processes::write_until_killed",
            "--nocapture",
        ])
        .env(WRITER, desk.dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
