//! `hushkey run --watch`, and `hushkey run` as the first process of a container.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::binary::{Person, is_there};

/// Waits until something holds; a loaded machine is slow, a hang is for ever.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < until, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A program that writes down each of its starts, and what it got.
fn watching(person: &Person, script: &str) -> Child {
    person
        .command([
            "run",
            "--watch",
            "--env",
            "KEY=op://Dev/Stripe/password",
            "--",
            "sh",
            "-c",
            script,
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

fn starts(person: &Person) -> Vec<String> {
    let written = std::fs::read_to_string(person.path("starts")).unwrap_or_default();
    written.lines().map(str::to_owned).collect()
}

fn edit(person: &Person, words: &[&str]) {
    let edit = ["item", "edit", "Stripe", "--vault", "Dev"];
    person.types([&edit, words].concat()).succeeds();
}

#[test]
fn a_program_is_started_anew_when_its_value_changes_and_only_then() {
    let person = Person::with_stripe();
    let child = watching(&person, "echo $KEY >>starts; echo got $KEY; sleep 600");
    eventually("the first start", || starts(&person).len() == 1);

    edit(&person, &["--tags", "other"]);
    std::thread::sleep(Duration::from_millis(2500));
    let after_another_change = starts(&person).len();
    edit(&person, &["password=canary-rotated-88213"]);
    eventually("the second start", || starts(&person).len() == 2);
    signal(&child, Signal::TERM);
    let ended = child.wait_with_output().unwrap();

    assert_eq!(after_another_change, 1, "only the tags had changed");
    assert_eq!(starts(&person), [Person::PASSWORD, "canary-rotated-88213"]);
    let said = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(said.matches("got <concealed:").count(), 2, "{said}");
    assert!(!said.contains("canary"), "{said}");
    assert!(
        String::from_utf8(ended.stderr)
            .unwrap()
            .contains("starting the program anew")
    );
    assert_eq!(ended.status.code(), Some(128 + 15));
}

#[test]
fn a_program_is_started_anew_when_its_environment_says_something_else() {
    let person = Person::with_stripe();
    let environment = |words: &[&str]| {
        let words = [&["environment"], words].concat();
        person.types(words).succeeds();
    };
    environment(&["create", "staging"]);
    environment(&["set", "staging", "MODE=first"]);
    let child = person
        .command(["run", "--watch", "--environment", "staging", "--"])
        .args(["sh", "-c", "echo $MODE >>starts; sleep 600"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    eventually("the first start", || starts(&person).len() == 1);

    environment(&["rename", "staging", "production"]);
    environment(&["rename", "production", "staging"]);
    std::thread::sleep(Duration::from_millis(2500));
    let after_a_change_of_names = starts(&person).len();
    environment(&["set", "staging", "MODE=second"]);
    eventually("the second start", || starts(&person).len() == 2);
    signal(&child, Signal::TERM);
    child.wait_with_output().unwrap();

    assert_eq!(after_a_change_of_names, 1);
    assert_eq!(starts(&person), ["first", "second"]);
}

#[test]
fn a_program_that_ends_by_itself_ends_the_watch() {
    let person = Person::with_stripe();

    let ended = watching(&person, "echo $KEY >>starts; exit 7")
        .wait_with_output()
        .unwrap();

    assert_eq!(ended.status.code(), Some(7));
    assert_eq!(starts(&person).len(), 1);
}

#[test]
fn an_item_that_is_gone_leaves_the_program_with_what_it_has() {
    let person = Person::with_stripe();
    let child = watching(&person, "echo $KEY >>starts; sleep 600");
    eventually("the first start", || starts(&person).len() == 1);

    person
        .types([
            "item",
            "delete",
            "Stripe",
            "--vault",
            "Dev",
            "--permanent",
            "--force",
        ])
        .succeeds();
    std::thread::sleep(Duration::from_millis(2500));
    signal(&child, Signal::TERM);
    let ended = child.wait_with_output().unwrap();

    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("goes on with the values it has"), "{said}");
    assert_eq!(starts(&person).len(), 1);
}

#[test]
fn the_first_process_of_a_container_reaps_and_passes_signals_on() {
    let person = Person::with_stripe();
    let namespace = [
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        "--mount-proc",
    ];
    let tried = Command::new("unshare").args(namespace).arg("true").output();
    if !is_there("unshare") || !tried.is_ok_and(|tried| tried.status.success()) {
        println!("SKIPPED: no pid namespace can be made here");
        return;
    }
    let script = "trap 'exit 9' TERM; (sleep 0.1 &); (true &); sleep 0.3; \
                  grep -l '^State:.*zombie' /proc/[0-9]*/status >zombies; echo $PPID >up; while :; do sleep 0.05; done";
    let hushkey = person.command([
        "run",
        "--env",
        "KEY=op://Dev/Stripe/password",
        "--",
        "sh",
        "-c",
        script,
    ]);
    let mut command = Command::new("unshare");
    command
        .args(namespace)
        .arg(hushkey.get_program())
        .args(hushkey.get_args())
        .current_dir(hushkey.get_current_dir().unwrap())
        .env_clear()
        .envs(
            hushkey
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    let child = command.spawn().unwrap();
    let up = || std::fs::read_to_string(person.path("up")).unwrap_or_default();
    eventually("the start", || !up().is_empty());

    // The namespace's first process, as it is called out here.
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    let first = std::fs::read_to_string(children).unwrap();
    let first = Pid::from_raw(first.trim().parse().unwrap()).unwrap();
    kill_process(first, Signal::TERM).unwrap();
    let ended = child.wait_with_output().unwrap();

    assert_eq!(up(), "1\n", "the program's parent is the first process");
    assert_eq!(std::fs::read_to_string(person.path("zombies")).unwrap(), "");
    assert_eq!(ended.status.code(), Some(9));
}
