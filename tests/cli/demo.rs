//! `hushkey demo`, which anybody can run.

use std::fs;

use crate::binary::Person;

#[test]
fn the_demo_holds_what_it_promises_and_leaves_nothing() {
    let person = Person::new();
    fs::create_dir(person.path("tmp")).unwrap();
    let tmp = person.path("tmp");

    let ran = person
        .types_with(&[("TMPDIR", tmp.to_str().unwrap())], ["demo", "--json"])
        .succeeds()
        .json();

    assert_eq!(ran["ok"], true, "{ran}");
    assert_eq!(ran["program_received"], ran["vault_holds"]);
    assert_eq!(ran["program_received"]["bytes"], 32);
    assert_eq!(ran["found"], serde_json::json!([]));
    assert_eq!(ran["control"], true);
    assert!(ran["transcript"].as_array().unwrap().len() >= 12, "{ran}");
    assert_eq!(
        fs::read_dir(&tmp).unwrap().count(),
        0,
        "the throw-away home is gone"
    );
    assert!(
        !person.home().exists(),
        "nothing was made in the person's own home"
    );
}

#[test]
fn the_demo_shows_both_sides_on_80_columns_or_so() {
    let person = Person::new();

    let ran = person.types(["demo"]).succeeds();

    assert!(
        ran.stdout
            .contains("WHAT THE PROGRAM RECEIVED         WHAT THE MODEL SAW OF IT"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout
            .contains("the key is <concealed:op://Demo/Stripe/password>"),
        "{}",
        ran.stdout
    );
    assert_eq!(ran.stdout.matches("yes:").count(), 4, "{}", ran.stdout);
    assert!(!ran.stdout.contains('\x1b'));
}

#[test]
fn the_demo_touches_no_vault_that_the_environment_names() {
    let person = Person::with_stripe();
    let log = |person: &Person| {
        person
            .types(["log", "--json"])
            .succeeds()
            .json()
            .as_array()
            .unwrap()
            .len()
    };
    let before = log(&person);

    person
        .types_with(
            &[
                ("OP_CONNECT_HOST", "http://127.0.0.1:9"),
                ("OP_CONNECT_TOKEN", "x"),
            ],
            ["demo"],
        )
        .succeeds();

    assert_eq!(log(&person), before);
}

#[test]
fn an_interrupted_demo_leaves_nothing_either() {
    let person = Person::new();
    fs::create_dir(person.path("tmp")).unwrap();
    for wait in [10, 40, 120, 250] {
        let mut demo = person
            .command(["demo"])
            .env("TMPDIR", person.path("tmp"))
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait));

        let pid = rustix::process::Pid::from_child(&demo);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();

        demo.wait().unwrap();
        assert_eq!(
            fs::read_dir(person.path("tmp")).unwrap().count(),
            0,
            "after {wait} ms"
        );
    }
}
