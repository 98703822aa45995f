//! Help, usage, output forms.

use clap::{Command, CommandFactory};
use hushkey::cli::Arguments;

use crate::binary::Person;

/// Every command, as the words that name it.
fn commands() -> Vec<Vec<String>> {
    fn walk(command: &Command, path: &[String], found: &mut Vec<Vec<String>>) {
        found.push(path.to_vec());
        let own = |sub: &&Command| sub.get_name() != "help";
        for sub in command.get_subcommands().filter(own) {
            let path = [path, &[sub.get_name().to_owned()]].concat();
            walk(sub, &path, found);
        }
    }
    let mut found = Vec::new();
    let mut command = Arguments::command();
    // What a subcommand takes is made when it is asked for.
    command.build();
    walk(&command, &[], &mut found);
    found
}

#[test]
fn every_command_explains_itself() {
    let person = Person::new();
    let all = commands();
    assert!(all.len() > 25, "the control: {} commands", all.len());

    for command in all {
        let words = command.iter().map(String::as_str).chain(["--help"]);
        let help = person.types(words).succeeds();

        assert!(help.stdout.contains("Usage: hushkey"), "{command:?}");
        // The sentence for people, not the one for whoever reads the code.
        let sentence = help.stdout.lines().next().unwrap();
        let own_name = format!("`hushkey {}`", command.join(" "));
        assert!(!sentence.contains(&own_name), "{sentence}");
        assert_eq!(help.stderr, "");
    }
    assert!(!person.home().exists(), "help makes nothing");
}

#[test]
fn wrong_usage_is_told_in_words_or_in_json() {
    let person = Person::new();

    let told = person.types(["itme"]).ends_with(2);
    assert!(
        told.stderr
            .starts_with("hushkey: unrecognized subcommand 'itme'"),
        "{}",
        told.stderr
    );
    let told = person
        .types(["--json", "vault", "edit", "Dev"])
        .ends_with(2);
    let json: serde_json::Value = serde_json::from_str(&told.stderr).unwrap();
    assert_eq!(json["error"]["class"], "usage");
    assert_eq!(told.stdout, "");
}

#[test]
fn a_flag_beats_a_variable_and_a_variable_works_alone() {
    let person = Person::with_stripe();

    let json = person
        .types_with(&[("HUSHKEY_JSON", "1")], ["vault", "list"])
        .succeeds()
        .json();
    assert_eq!(json[0]["name"], "Dev");
    let text = person
        .types_with(&[("HUSHKEY_JSON", "0")], ["vault", "list"])
        .succeeds();
    assert!(text.stdout.starts_with("ID"), "{}", text.stdout);
    person
        .types_with(&[("HUSHKEY_VAULT", "Nope")], ["item", "list"])
        .ends_with(4);
    person
        .types_with(
            &[("HUSHKEY_VAULT", "Nope")],
            ["item", "list", "--vault", "Dev"],
        )
        .succeeds();
}

#[test]
fn without_a_terminal_there_are_no_colours() {
    let person = Person::with_stripe();

    for words in [
        &["item", "get", "Stripe"][..],
        &["log"],
        &["doctor"],
        &["policy", "check"],
    ] {
        let ran = person.types(words).succeeds();

        assert!(!ran.stdout.contains('\x1b'), "{words:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let person = Person::with_stripe();
    let script = format!(
        "{} log --json | head -c 1; exit ${{PIPESTATUS:-0}}",
        env!("CARGO_BIN_EXE_hushkey")
    );

    let ran = person.runs(
        std::process::Command::new("sh")
            .args(["-c", &script])
            .env("HUSHKEY_HOME", person.home()),
    );

    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
}

#[test]
fn completions_are_printed_for_every_shell() {
    let person = Person::new();

    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = person.types(["completions", shell]).succeeds().stdout;

        assert!(script.contains("hushkey"), "{shell}");
    }
}
