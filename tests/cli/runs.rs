//! `hushkey run`: what the program gets, what its output shows, how it ends.

use std::fs;

use insta::assert_snapshot;

use crate::binary::Person;

const PASSWORD: &str = "op://Dev/Stripe/password";

/// The SHA-256 of a text in hexadecimal digits.
fn digest(text: &str) -> String {
    use sha2::{Digest, Sha256};

    data_encoding::HEXLOWER.encode(&Sha256::digest(text))
}

#[test]
fn the_program_gets_the_value_and_its_output_shows_a_mark() {
    let person = Person::with_stripe();
    let script = r#"printf %s "$K" | sha256sum; echo "$K"; echo "$K" >&2; printf %s "$K" | base64"#;

    let ran = person
        .types([
            "run",
            "--env",
            "K=op://Dev/Stripe/password",
            "--",
            "sh",
            "-c",
            script,
        ])
        .succeeds();

    assert!(
        ran.stdout.starts_with(&digest(Person::PASSWORD)),
        "{}",
        ran.stdout
    );
    let mark = "<concealed:op://Dev/Stripe/password>\n";
    assert_eq!(
        ran.stdout.split_once('\n').unwrap().1,
        format!("{mark}{mark}")
    );
    assert_eq!(ran.stderr, mark);
}

#[test]
fn without_masking_the_output_is_as_it_is() {
    let person = Person::with_stripe();
    let env = format!("K={PASSWORD}");

    let ran = person
        .types([
            "run",
            "--no-masking",
            "--env",
            &env,
            "--",
            "sh",
            "-c",
            "echo $K",
        ])
        .succeeds();

    assert_eq!(ran.stdout, format!("{}\n", Person::PASSWORD));
}

#[test]
fn env_beats_env_file_beats_shell_and_the_last_file_wins() {
    let person = Person::with_stripe();
    person.writes("one.env", "A=1\nB=1\nC=1\n");
    person.writes("two.env", "B=2\nC=2\nD=$SHELL_ONLY\n");
    let shell = [("A", "0"), ("SHELL_ONLY", "10"), ("C", "0")];

    let ran = person
        .types_with(
            &shell,
            [
                "run",
                "--env-file",
                "one.env",
                "--env-file",
                "two.env",
                "--env",
                "C=3",
                "--",
                "sh",
                "-c",
                "echo $A $B $C $SHELL_ONLY; echo $D",
            ],
        )
        .succeeds();

    assert_eq!(ran.stdout, "1 2 3 10\n10\n");
}

#[test]
fn a_secret_between_braces_is_a_part_of_a_value_and_concealed_there() {
    let person = Person::with_stripe();
    person.writes(
        "dsn.env",
        "DSN=\"amqp://ops:{{ op://Dev/Stripe/password }}@queue\"\nODD={{ op://Dev/Nothing/password }}x\n",
    );
    let run = ["run", "--env-file", "dsn.env", "--"];

    let refused = person.types(run.iter().chain(&["true"])).ends_with(125);
    person.writes(
        "dsn.env",
        "DSN=\"amqp://ops:{{ op://Dev/Stripe/password }}@queue\"\n",
    );
    let ran = person
        .types(
            run.iter()
                .chain(&["sh", "-c", "echo $DSN; printf %s \"$DSN\" | wc -c"]),
        )
        .succeeds();

    assert!(refused.stderr.contains("Nothing"), "{}", refused.stderr);
    let length = "amqp://ops:@queue".len() + Person::PASSWORD.len();
    assert_eq!(
        ran.stdout,
        format!("amqp://ops:<concealed:op://Dev/Stripe/password>@queue\n{length}\n")
    );
}

#[test]
fn references_in_the_inherited_environment_are_resolved() {
    let person = Person::with_stripe();
    let shell = [
        ("USER_NAME", "op://dev/stripe/username?attribute=type"),
        ("K", PASSWORD),
    ];

    let ran = person
        .types_with(
            &shell,
            [
                "run",
                "--",
                "sh",
                "-c",
                r#"echo "$USER_NAME"; printf %s "$K" | sha256sum"#,
            ],
        )
        .succeeds();

    assert_eq!(
        ran.stdout,
        format!("string\n{}  -\n", digest(Person::PASSWORD))
    );
}

#[test]
fn the_exit_status_is_the_programs_own() {
    let person = Person::with_stripe();
    let env = format!("K={PASSWORD}");
    for masked in [true, false] {
        let status = |script: &str| {
            let mut words = vec!["run"];
            if masked {
                words.extend(["--env", &env]);
            }
            words.extend(["--", "sh", "-c", script]);
            person.types(words).status
        };

        assert_eq!(status("exit 0"), 0);
        assert_eq!(status("exit 7"), 7);
        assert_eq!(status("exit 255"), 255);
        assert_eq!(status("kill -9 $$"), 137);
        assert_eq!(status("kill -15 $$"), 143);
    }
}

#[test]
fn a_time_out_ends_the_program_and_is_status_124() {
    let person = Person::with_stripe();
    let begun = std::time::Instant::now();

    person
        .types(["run", "--timeout", "0.3", "--", "sleep", "60"])
        .ends_with(124);

    assert!(begun.elapsed().as_secs() < 20);
}

#[test]
fn standard_input_reaches_the_program() {
    let person = Person::with_stripe();
    let env = format!("K={PASSWORD}");

    let ran = person
        .feeds("typed\n", ["run", "--env", &env, "--", "cat"])
        .succeeds();

    assert_eq!(ran.stdout, "typed\n");
}

#[test]
fn a_run_stands_in_the_log_with_its_references_and_its_end() {
    let person = Person::with_stripe();
    let env = format!("K={PASSWORD}");

    person
        .types([
            "run",
            "--env",
            &env,
            "--",
            "sh",
            "-c",
            "exit 3 # canary-argument",
        ])
        .ends_with(3);

    let log = person.types(["log", "-n", "2"]).succeeds().shown();
    // Its number depends on what was made before.
    let numbered = log.split_whitespace().next().unwrap().to_owned();
    let log = log.replace(&format!("(entry {numbered})"), "(entry [n])");
    let told: Vec<&str> = log
        .lines()
        .map(|line| &line[line.find("owner").unwrap()..])
        .collect();
    assert_snapshot!(told.join("\n"), @"
    owner ran `sh` with Dev/Stripe/password
    owner ran `sh` with Dev/Stripe/password: exit status 3 (entry [n])
    ");
    assert!(!person.types(["log", "--json"]).stdout.contains("canary"));
}

#[test]
fn a_short_secret_is_left_alone_and_announced_in_one_line() {
    let person = Person::with_stripe();
    person
        .types([
            "item",
            "create",
            "--vault",
            "Dev",
            "--title",
            "Pin",
            "password=1234",
            "code[concealed]=test",
        ])
        .succeeds();

    let ran = person
        .types([
            "run",
            "--env",
            "PIN=op://Dev/Pin/password",
            "--env",
            "CODE=op://Dev/Pin/code",
            "--",
            "sh",
            "-c",
            "echo 1234 tests; echo $PIN $CODE",
        ])
        .succeeds();

    assert_eq!(ran.shown(), "1234 tests\n1234 test\n");
    assert_snapshot!(ran.said(), @"hushkey: not concealed, since too short or too easy to guess: op://Dev/Pin/code, op://Dev/Pin/password");
}

#[test]
fn a_program_that_stays_behind_may_stay() {
    let person = Person::with_stripe();
    let env = format!("K={PASSWORD}");
    let script = "(sleep 0.7; echo late > late.txt) >/dev/null 2>&1 & echo started";

    let ran = person
        .types(["run", "--env", &env, "--", "sh", "-c", script])
        .succeeds();

    assert_eq!(ran.stdout, "started\n");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while fs::read_to_string(person.path("late.txt")).unwrap_or_default() != "late\n" {
        assert!(std::time::Instant::now() < deadline, "it was ended");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
