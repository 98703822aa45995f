//! What a run leaves behind for later: processes, pipes, files.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use serde_json::json;

use rustix::process::Signal;

use crate::{
    agent::eventually,
    den::{Den, REFERENCE, assert_nothing_in},
};

/// Living processes whose command line has this in it.
fn living(mark: &str) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter(|entry| {
            let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(mark)
        })
        .count()
}

#[test]
fn a_process_that_holds_the_pipe_neither_delays_the_answer_nor_outlives_it() {
    for (at, start) in [
        "(sleep MARK; echo $KEY) &",
        "setsid sh -c 'sleep MARK; echo $KEY' &",
        "( ( setsid nohup sleep MARK & ) & ) >&2",
        "trap '' TERM HUP INT; (trap '' TERM HUP INT; sleep MARK) & disown 2>/dev/null",
        "mkfifo hold; (exec 3>&1; setsid sleep MARK) & perl -e 'fork or do { $0 = q(kthreadd); exec qw(sleep MARK) }' ",
    ]
    .iter()
    .enumerate()
    {
        let mut den = Den::open();
        let mark = format!("5{}.{at}", std::process::id());
        let begun = Instant::now();

        let answer = den.shell_with_key(&format!("{}\necho started", start.replace("MARK", &mark)));

        assert!(answer.contains("started"), "{start}: {answer}");
        assert!(begun.elapsed() < Duration::from_secs(8), "{start}: the answer took {:?}", begun.elapsed());
        assert_eq!(living(&mark), 0, "{start}: something lives on");
        assert_nothing_in(&answer, &den, start);
    }
}

/// There the server's session and process group have no number: some containers are like that.
#[test]
fn the_same_holds_in_a_pid_namespace_whose_session_began_outside() {
    let unshare = ["--pid", "--fork", "--kill-child", "--mount-proc"];
    let user = ["--user", "--map-root-user"];
    let inside = |more: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(unshare).args(more);
        command
    };
    let Some(more) = [&[][..], &user].into_iter().find(|more| {
        let tried = inside(more).arg("true").output();
        tried.is_ok_and(|tried| tried.status.success())
    }) else {
        println!("SKIPPED: no pid namespace can be made here");
        return;
    };

    let again = inside(more)
        .arg(std::env::current_exe().unwrap())
        .args(["leftovers::a_process_that", "--nocapture"])
        .output()
        .unwrap();

    let said = String::from_utf8_lossy(&again.stdout);
    assert!(
        again.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&again.stderr)
    );
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
fn a_started_command_does_not_outlive_its_server_however_that_ends() {
    for (at, end) in [None, Some(Signal::TERM), Some(Signal::KILL)]
        .into_iter()
        .enumerate()
    {
        let mut den = Den::open();
        let mark = format!("7{}.{at}", std::process::id());
        let script = format!("setsid sleep {mark} & sleep {mark}");
        den.call(
            "start_command",
            json!({ "command": ["sh", "-c", script], "env": { "KEY": REFERENCE } }),
        );
        eventually("the start", || living(&mark) >= 2);

        match end {
            None => drop(den.agent.end()),
            Some(signal) => drop(den.agent.end_by(signal)),
        }

        eventually("the end of all that was started", || living(&mark) == 0);
    }
}

#[test]
fn a_file_that_one_run_wrote_is_concealed_when_the_next_prints_it() {
    let mut den = Den::open();

    den.shell_with_key("echo $KEY >kept; cp $KEY_FILE kept-file 2>/dev/null; true");
    let answer = den.shell("cat kept; base64 -w0 kept; rev kept");

    assert_nothing_in(&answer, &den, "file then cat");
}

#[test]
fn a_value_that_a_program_hid_in_a_reference_is_concealed_when_another_tool_repeats_it() {
    let mut den = Den::open();

    den.shell_with_key("echo A=op://Dev/$KEY/x >a.env; echo B=op://Dev/a/$(echo $KEY | base64) >>a.env; wc -c a.env");
    let answer = den.call("check_references", json!({ "env_file": "a.env" }));

    assert!(
        answer.contains("op://Dev/<concealed:op://Dev/Stripe/key>/x"),
        "{answer}"
    );
    assert_nothing_in(&answer, &den, "a reference");
    let unpacked = data_encoding::BASE64.encode(crate::den::VALUE.as_bytes());
    assert!(!answer.contains(&unpacked[..16]), "{answer}");
}

#[test]
fn a_value_that_is_printed_piece_by_piece_over_many_runs_is_withheld() {
    let mut den = Den::open();
    let mut shown = String::new();

    for at in (1..32).step_by(4) {
        let run = json!({
            "command": ["sh", "-c", format!("echo $KEY | cut -c{at}-{}", at + 3)],
            "env": { "KEY": REFERENCE },
        });
        let answer = den.agent.answered("run_command", run);
        shown += answer["stdout"].as_str().unwrap().trim();
    }

    assert_eq!(shown, crate::den::VALUE[..16]);
    let log = den.agent.answered("list_activity", json!({}));
    assert!(log.to_string().contains("output withheld"), "{log}");
}

#[test]
fn no_private_directory_outlives_its_run() {
    let mut den = Den::open();

    let run = json!({
        "command": ["sh", "-c", "dirname $KEY_FILE; echo $TMPDIR; cp $KEY_FILE $TMPDIR/copy; chmod 0 $TMPDIR; mkdir -p $(dirname $KEY_FILE)/more"],
        "files": { "KEY_FILE": REFERENCE },
    });
    let answer = den.agent.answered("run_command", run);

    let places: Vec<&str> = answer["stdout"].as_str().unwrap().lines().collect();
    assert!(
        places.len() == 2 && places[0].contains("hushkey-run-"),
        "{answer}"
    );
    for place in places {
        assert!(
            !std::path::Path::new(place).exists(),
            "{place} is still there"
        );
    }
}
