//! `hushkey environment`, `run --environment` and `agent allow --environment`.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::binary::Person;

fn with_staging() -> Person {
    let person = Person::with_stripe();
    person
        .types(["environment", "create", "staging"])
        .succeeds();
    let set = [
        "environment",
        "set",
        "staging",
        "STRIPE=op://Dev/Stripe/password",
        "NODE_ENV=staging",
        "GREETING=a \"b\" $c",
    ];
    person.types(set).succeeds();
    person
}

#[test]
fn an_environment_is_made_shown_changed_and_deleted() {
    let person = with_staging();

    let listed = person.types(["env", "ls"]).succeeds();
    let shown = person.types(["environment", "get", "STAGING"]).succeeds();
    let unset = person
        .types(["environment", "unset", "staging", "GREETING"])
        .succeeds();
    let renamed = person
        .types(["environment", "rename", "staging", "stage"])
        .succeeds();
    let deleted = person
        .types(["environment", "delete", "stage", "--force"])
        .succeeds();
    let gone = person.types(["environment", "get", "stage"]).ends_with(4);

    assert_snapshot!(listed.shown(), @"
    ID                          NAME     VARIABLES  CHANGED BY
    [id]  staging  3          owner
    ");
    assert_snapshot!(shown.shown(), @r#"
    NAME      HOLDS                     SET BY
    STRIPE    op://Dev/Stripe/password  owner
    NODE_ENV  staging                   owner
    GREETING  a "b" $c                  owner
    "#);
    assert_snapshot!(unset.shown(), @"changed environment staging (2 variables)");
    assert_snapshot!(renamed.shown(), @"renamed environment stage (2 variables)");
    assert_snapshot!(deleted.shown(), @"deleted environment stage");
    assert_snapshot!(gone.said(), @"hushkey: there is no environment `stage`; list the environments to see what there is");
}

#[test]
fn a_run_gets_environments_and_what_comes_later_wins() {
    let person = with_staging();
    person.types(["environment", "create", "extra"]).succeeds();
    person
        .types(["environment", "set", "extra", "NODE_ENV=test", "LAST=extra"])
        .succeeds();
    person.writes(".env", "LAST=file\nFILE=local\nNODE_ENV=dev\n");
    let prints = "echo $STRIPE $NODE_ENV $LAST $FILE $SHELLS";
    let shell = [("LAST", "shell"), ("SHELLS", "shell")];

    let run = person
        .types_with(
            &shell,
            [
                "run",
                "--env-file",
                ".env",
                "--environment",
                "staging",
                "--environment",
                "extra",
                "--env",
                "LAST=typed",
                "--",
                "sh",
                "-c",
                prints,
            ],
        )
        .succeeds();
    let by_variable = person
        .types_with(
            &[("HUSHKEY_ENVIRONMENT", "staging")],
            ["run", "--", "sh", "-c", prints],
        )
        .succeeds();
    let missing = person
        .types(["run", "--environment", "none", "--", "true"])
        .ends_with(125);

    assert_eq!(
        run.stdout,
        "<concealed:op://Dev/Stripe/password> test typed local shell\n"
    );
    assert_eq!(
        by_variable.stdout,
        "<concealed:op://Dev/Stripe/password> staging\n"
    );
    assert_snapshot!(missing.said(), @"hushkey: not found: there is no environment `none`; list the environments to see what there is");
}

#[test]
fn an_environment_goes_to_a_file_of_references_and_comes_back() {
    let person = with_staging();

    let exported = person
        .types(["environment", "export", "staging"])
        .succeeds();
    person
        .types(["environment", "export", "staging", "-o", "staging.env"])
        .succeeds();
    person
        .types(["environment", "create", "copy", "--env-file", "staging.env"])
        .succeeds();
    let again = person.types(["environment", "export", "copy"]).succeeds();

    assert_snapshot!(exported.stdout, @r#"
    STRIPE=op://Dev/Stripe/password
    NODE_ENV=staging
    GREETING="a \"b\" \$c"
    "#);
    assert_eq!(again.stdout, exported.stdout);
    let by_file = person.types([
        "run",
        "--env-file",
        "staging.env",
        "--",
        "sh",
        "-c",
        "printf %s \"$GREETING\" | wc -c",
    ]);
    assert_eq!(by_file.succeeds().stdout.trim(), "8");
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(person.path("staging.env"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_secret_is_made_into_an_item_and_text_that_looks_like_one_is_said_and_not_shown() {
    let person = with_staging();

    let made = person
        .types([
            "environment",
            "set",
            "staging",
            "--generate",
            "SESSION_KEY",
            "--vault",
            "Dev",
        ])
        .succeeds();
    let secretive = format!("API_TOKEN={}", Person::PASSWORD);
    let noted = person
        .types(["environment", "set", "staging", &secretive])
        .succeeds();
    let shown = person.types(["environment", "get", "staging"]).succeeds();
    let exported = person
        .types(["environment", "export", "staging"])
        .succeeds();
    let refused = person
        .types_with(
            &[("CLAUDECODE", "1")],
            ["environment", "get", "staging", "--reveal"],
        )
        .ends_with(3);
    let revealed = person
        .types(["environment", "get", "staging", "--reveal", "--json"])
        .succeeds();

    assert_snapshot!(made.shown(), @"changed environment staging (4 variables)");
    assert_snapshot!(noted.said(), @"hushkey: API_TOKEN looks like a secret and is kept as text; `hushkey environment set staging --ask API_TOKEN --vault VAULT` puts it into an item");
    for out in [&noted, &shown, &exported, &refused] {
        assert!(
            !format!("{}{}", out.stdout, out.stderr).contains("canary"),
            "{}",
            out.stdout
        );
    }
    assert!(
        exported.stdout.contains("# API_TOKEN (looks like a secret"),
        "{}",
        exported.stdout
    );
    assert!(
        exported
            .stdout
            .contains("SESSION_KEY=op://Dev/staging/SESSION_KEY"),
        "{}",
        exported.stdout
    );
    assert!(revealed.stdout.contains(Person::PASSWORD), "the control");
}

#[test]
fn what_can_not_be_meant_is_refused_and_nothing_is_set() {
    let person = with_staging();
    person.writes(
        "composed.env",
        "URL=https://${NAME}/\nNAME=op://Dev/Stripe/password\nU2=x${NAME}\n",
    );
    let before = person
        .types(["environment", "export", "staging"])
        .succeeds()
        .stdout;

    for (words, status) in [
        (vec!["environment", "set", "staging", "A"], 2),
        (vec!["environment", "set", "staging", "A-B=x"], 2),
        (vec!["environment", "set", "staging", "A=op://Dev"], 2),
        (
            vec!["environment", "set", "staging", "A=op://Dev/Gone/x", "B=x"],
            4,
        ),
        (
            vec![
                "environment",
                "set",
                "staging",
                "--env-file",
                "composed.env",
            ],
            2,
        ),
        (
            vec!["environment", "set", "staging", "--env-file", "missing.env"],
            4,
        ),
        (vec!["environment", "set", "staging", "--generate", "A"], 2),
        (vec!["environment", "set", "staging"], 2),
        (vec!["environment", "create", "STAGING"], 1),
        (vec!["environment", "create", "a/b"], 2),
        (vec!["environment", "unset", "staging", "STRIPE", "NONE"], 4),
    ] {
        let refused = person.types(&words);
        assert_eq!(refused.status, status, "{words:?}: {}", refused.stderr);
    }

    let after = person
        .types(["environment", "export", "staging"])
        .succeeds()
        .stdout;
    assert_eq!(after, before);
}

#[test]
fn json_has_every_command() {
    let person = with_staging();
    let json = |words: &[&str]| -> Value { person.types(words).succeeds().json() };

    let listed = json(&["environment", "list", "--json"]);
    let got = json(&["environment", "get", "staging", "--json"]);
    let set = json(&["environment", "set", "staging", "B=1", "--json"]);
    let renamed = json(&["environment", "rename", "staging", "stage", "--json"]);
    let out = json(&["environment", "export", "stage", "-o", "x.env", "--json"]);
    let deleted = json(&["environment", "delete", "stage", "--force", "--json"]);

    assert_eq!(
        listed[0]["variables"][0],
        json!({
            "name": "STRIPE", "reference": "op://Dev/Stripe/password", "concealed": true, "set_by": "owner"
        })
    );
    assert_eq!(
        got["variables"][1],
        json!({ "name": "NODE_ENV", "text": "staging", "set_by": "owner" })
    );
    assert_eq!(set["variables"].as_array().unwrap().len(), 4);
    assert_eq!(renamed["name"], "stage");
    assert_eq!(out["out_file"], "x.env");
    assert_eq!(deleted[0]["name"], "stage");
}

#[test]
fn an_agent_is_given_rights_with_an_environment() {
    let person = with_staging();
    let allow = |grant: &str| person.types(["agent", "allow", "codex", "--environment", grant]);

    let first = allow("staging=use").succeeds();
    let again = allow("staging=use").succeeds();
    allow("new=write").succeeds();
    allow("gone=read").succeeds();
    let wrong = allow("a/b=use").ends_with(2);
    let shown = person.types(["policy", "show"]).succeeds();
    let checked = person.types(["policy", "check"]).succeeds();

    assert_snapshot!(first.shown(), @"
    codex now has: use with environment staging
    in [dir]/home/policy.toml; `hushkey policy check` tells what deserves a look
    ");
    assert_snapshot!(again.shown(), @"codex has that already: use with environment staging");
    assert_snapshot!(wrong.said(), @"hushkey: the policy is left as it is: line 30, column 1: an environment's name has 1 to 64 letters, digits, spaces, `-`, `_` or `.`, begins and ends with a letter or digit, and has not the form of an id");
    let codex = shown
        .stdout
        .split("\n\n")
        .find(|part| part.starts_with("codex"));
    assert_snapshot!(codex.unwrap(), @"
    codex
      files     where it was started, or beneath
      uses      the environment staging  use
                the environment new  write: may make it, there is none yet
                the environment gone  nothing: there is no such environment
    ");
    assert!(
        checked
            .stdout
            .contains("there is no environment `gone`, so it grants nothing"),
        "{}",
        checked.stdout
    );
    assert!(!checked.stdout.contains("`new`"), "{}", checked.stdout);
    let renamed = person
        .types(["environment", "rename", "staging", "stage"])
        .succeeds();
    assert!(
        renamed
            .stderr
            .contains("the policy names the environment by its old name"),
        "{}",
        renamed.stderr
    );
}
