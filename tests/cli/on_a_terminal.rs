//! `hushkey run` where somebody sits at a terminal: the program keeps it, and what it shows is concealed.

use std::time::Duration;

use crate::{
    binary::{Person, is_there},
    terminal::Terminal,
};

const PASSWORD: &str = "op://Dev/Stripe/password";
const MARK: &str = "<concealed:op://Dev/Stripe/password>";

/// A script that runs with the password in `$K`, on a terminal of 33 rows and 101 columns.
fn run(person: &Person, script: &str) -> Option<Terminal> {
    at(
        person,
        &[
            "run",
            "--env",
            &format!("K={PASSWORD}"),
            "--",
            "bash",
            "-c",
            script,
        ],
    )
}

fn at(person: &Person, words: &[&str]) -> Option<Terminal> {
    let needs = ["setsid", "bash"].map(is_there);
    if needs.contains(&false) {
        println!("SKIPPED: no `setsid` or no `bash`, so nobody sits at a terminal");
        return None;
    }
    Some(Terminal::start(&person.command(words), 33, 101))
}

/// A shell with job control; `$RUN` runs a program with the password in `$K`.
fn shell(person: &Person) -> Option<Terminal> {
    at(person, &[])?;
    let mut command = std::process::Command::new("bash");
    let hushkey = person.command(["run", "--env", &format!("K={PASSWORD}"), "--"]);
    let words: Vec<_> = std::iter::once(hushkey.get_program())
        .chain(hushkey.get_args())
        .map(|word| word.to_str().unwrap())
        .collect();
    command
        .args(["--norc", "-i"])
        .env("RUN", words.join(" "))
        .env("PS1", "$ ")
        .current_dir(hushkey.get_current_dir().unwrap());
    for (name, value) in hushkey.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    Some(Terminal::start(&command, 33, 101))
}

#[test]
fn a_program_on_a_terminal_keeps_it_and_is_concealed() {
    let person = Person::with_stripe();
    let script = "test -t 0 && test -t 1 && test -t 2 && stty size; echo $K; echo $K >&2; exit 7";
    let Some(mut terminal) = run(&person, script) else {
        return;
    };

    terminal.shows("33 101");
    terminal.shows(MARK);
    terminal.shows(MARK);

    assert_eq!(terminal.ends(), 7);
    assert!(!terminal.shown.contains(Person::PASSWORD));
}

#[test]
fn what_is_typed_at_a_prompt_reaches_the_program_and_a_hidden_answer_stays_hidden() {
    let person = Person::with_stripe();
    let script = "read -s -p 'Your answer: ' x; echo; echo it has ${#x}";
    let Some(mut terminal) = run(&person, script) else {
        return;
    };

    terminal.shows("Your answer: ");
    terminal.types("hidden-words\r");
    terminal.shows("it has 12");

    assert_eq!(terminal.ends(), 0);
    assert!(
        !terminal.shown.contains("hidden-words"),
        "{}",
        terminal.shown
    );
}

#[test]
fn an_interrupt_key_reaches_the_program_and_not_hushkey() {
    let person = Person::with_stripe();
    let script = "trap 'echo trapped; exit 5' INT; echo ready; while :; do sleep 0.05; done";
    let Some(mut terminal) = run(&person, script) else {
        return;
    };

    terminal.shows("ready");
    terminal.types("\u{3}");
    terminal.shows("trapped");

    assert_eq!(terminal.ends(), 5);
}

#[test]
fn the_window_has_the_size_that_somebody_gives_it() {
    let person = Person::with_stripe();
    let script = "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done";
    let Some(mut terminal) = run(&person, script) else {
        return;
    };

    terminal.shows("ready");
    terminal.resize(40, 120);

    terminal.shows("40 120");
}

#[test]
fn a_program_and_hushkey_stop_and_go_on_together() {
    let person = Person::with_stripe();
    let Some(mut terminal) = shell(&person) else {
        return;
    };

    let waits = "for i in 1 2 3 4; do read -t 0.2 x; done";
    terminal.types(&format!(
        "$RUN bash -c 'echo be\"\"gun; {waits}; echo do\"\"ne'\r"
    ));
    terminal.shows("begun");
    terminal.types("\u{1a}");
    terminal.shows("Stopped");
    terminal.shows("$ ");
    terminal.types("stty -a | grep -o '.icanon'; jobs\r");
    terminal.shows(" icanon");
    terminal.types("fg\r");

    terminal.shows("done");
}

#[test]
fn the_terminal_is_left_as_it_was() {
    let person = Person::with_stripe();
    let Some(mut terminal) = shell(&person) else {
        return;
    };

    terminal.types(
        "stty -a >before; $RUN stty raw -echo; stty -a >after; cmp before after && echo sa\"\"me\r",
    );
    terminal.shows("same");
    terminal.shows("$ ");
    terminal.types("$RUN sh -c 'kill -9 $$'; stty -a >after; cmp before after && echo ag\"\"ain\r");
    terminal.shows("again");
}

#[test]
fn a_pager_shows_no_value_however_it_is_paged() {
    if !is_there("less") {
        println!("SKIPPED: no `less`, so nothing is paged");
        return;
    }
    let person = Person::with_stripe();
    let script = "(seq 100; echo key $K; seq 101 200; echo \"end $K\") | less";
    let Some(mut terminal) = run(&person, script) else {
        return;
    };

    terminal.shows("30");
    terminal.types("G");
    terminal.shows(&format!("end {MARK}"));
    terminal.types("/key\r");
    terminal.types("?99\r");
    terminal.shows(MARK);
    terminal.types("q");

    terminal.ends();
    assert!(!terminal.shown.contains(Person::PASSWORD));
}

#[test]
fn what_a_program_leaves_in_the_background_lives_on() {
    let person = Person::with_stripe();
    let mark = format!("7{}.25", std::process::id());
    let Some(mut terminal) = shell(&person) else {
        return;
    };

    terminal.types(&format!(
        "$RUN sh -c 'sleep {mark} >/dev/null & echo st\"\"arted'\r"
    ));
    terminal.shows("started");
    terminal.shows("$ ");
    terminal.types(&format!(
        "sleep 0.3; echo coun\"\"t=$(pgrep -c -f 'slee[p] {mark}')\r"
    ));
    terminal.shows("count=1");
    terminal.types(&format!("pkill -f 'slee[p] {mark}'; echo kil\"\"led\r"));
    terminal.shows("killed");
}

#[test]
fn only_streams_that_are_terminals_stay_so() {
    let person = Person::with_stripe();
    let Some(mut terminal) = shell(&person) else {
        return;
    };

    terminal
        .types("echo piped | $RUN sh -c 'cat; test -t 0 || test -t 1 && echo output is on\"\"e'\r");
    terminal.shows("piped");
    terminal.shows("output is one");
    terminal.shows("$ ");
    terminal.types("$RUN sh -c 'test -t 1 || echo output is no\"\"ne; echo $K' | cat\r");
    terminal.shows("output is none");
    terminal.shows(MARK);
    terminal.shows("$ ");
    terminal.types("$RUN sh -c 'echo $K >&2' 2>errors; cat errors\r");
    terminal.shows(MARK);
}

#[test]
fn a_program_that_is_not_there_is_told_on_a_terminal_too() {
    let person = Person::with_stripe();
    let Some(mut terminal) = at(
        &person,
        &["run", "--env", &format!("K={PASSWORD}"), "--", "./nothing"],
    ) else {
        return;
    };

    assert_eq!(terminal.ends(), 127);
    assert!(terminal.shown.contains("nothing"), "{}", terminal.shown);
}

#[test]
fn when_whoever_sat_there_leaves_the_program_is_told() {
    let person = Person::with_stripe();
    let script = "trap 'echo left >left; exit' HUP; echo ready; while :; do sleep 0.05; done";
    let Some(mut terminal) = run(&person, script) else {
        return;
    };

    terminal.shows("ready");
    drop(terminal);

    let until = std::time::Instant::now() + Duration::from_secs(30);
    while !person.path("left").exists() {
        assert!(std::time::Instant::now() < until, "it was not told");
        std::thread::sleep(Duration::from_millis(5));
    }
}
