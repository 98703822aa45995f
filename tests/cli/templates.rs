//! `hushkey inject`: templates in `op`'s grammar, onto standard output and into files.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::binary::Person;

fn person() -> Person {
    let person = Person::with_stripe();
    person.writes(
        "app.tpl",
        "# {{ \"$HOME\" }}\nkey={{ op://$STAGE/Stripe/password }}\nhost=${APP_HOST:-localhost}\n",
    );
    person
}

#[test]
fn a_template_is_filled_onto_standard_output_with_the_environments_variables() {
    let person = person();
    let filled = person
        .types_with(&[("STAGE", "Dev")], ["inject", "-i", "app.tpl"])
        .succeeds();

    assert_eq!(
        filled.stdout,
        format!("# $HOME\nkey={}\nhost=localhost\n", Person::PASSWORD)
    );
}

#[test]
fn a_template_from_standard_input_goes_into_a_private_file_that_is_not_overwritten_unasked() {
    let person = person();
    let text = "op://Dev/Stripe/password";

    let made = person.feeds(text, ["inject", "-o", "out.cfg"]).succeeds();
    let taken = person.feeds(text, ["inject", "-o", "out.cfg"]).ends_with(1);
    let forced = person
        .feeds(
            text,
            [
                "inject",
                "-o",
                "out.cfg",
                "-f",
                "--file-mode",
                "0640",
                "--json",
            ],
        )
        .succeeds();

    let out = person.path("out.cfg");
    assert!(made.stdout.trim_end().ends_with("out.cfg"));
    assert!(taken.stderr.contains("--force"), "{}", taken.stderr);
    assert_eq!(forced.json()["references"], json!([text]));
    assert_eq!(std::fs::read_to_string(&out).unwrap(), Person::PASSWORD);
    assert_eq!(
        std::fs::metadata(&out).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn a_template_that_is_not_understood_leaves_no_file_and_tells_the_line() {
    let person = person();

    let unset = person
        .types(["inject", "-i", "app.tpl", "-o", "out.cfg"])
        .ends_with(2);
    let missing = person
        .feeds(
            "op://Dev/Stripe/a op://Dev/Stripe/b",
            ["inject", "-o", "out.cfg"],
        )
        .ends_with(4);
    let absent = person.types(["inject", "-i", "nothing.tpl"]).ends_with(4);

    assert!(
        unset.stderr.contains("line 2: a variable is not set"),
        "{}",
        unset.stderr
    );
    assert!(
        missing.stderr.contains("`a`") && missing.stderr.contains("`b`"),
        "{}",
        missing.stderr
    );
    assert!(absent.stderr.contains("nothing.tpl"), "{}", absent.stderr);
    assert!(!person.path("out.cfg").exists());
}

#[test]
fn no_template_is_filled_in_an_agents_shell() {
    let person = person();
    let variables = [("STAGE", "Dev"), ("CLAUDECODE", "1")];
    let refused = person
        .types_with(&variables, ["inject", "-i", "app.tpl"])
        .ends_with(3);

    assert_eq!(refused.stdout, "");
}
