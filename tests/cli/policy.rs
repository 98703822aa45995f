//! The policy while it changes under a running server, against the files that it speaks of, and what a yes is worth under it.

use serde_json::json;

use crate::{
    approve::{Agent, person},
    binary::Person,
};

#[test]
fn a_policy_that_is_broken_while_a_server_runs_is_on_record_and_the_old_one_stays() {
    let person = person();
    let mut agent = Agent::of(&person);
    let list = json!({});
    agent.begins("list_vaults", &list);
    agent.answer();

    person.writes(
        "home/policy.toml",
        "[agents.default.vaults]\nDev = canary\n",
    );
    for _ in 0..2 {
        agent.begins("list_vaults", &list);
        let vaults = agent.answer()["structuredContent"]["vaults"].clone();
        assert_eq!(vaults[0]["name"], "Dev", "the old policy stays: {vaults}");
    }

    // The owner's own commands have no old policy to go by; the log is read once the file is whole again.
    person.writes("home/policy.toml", "");
    let log = person.types(["log"]).succeeds().stdout;
    let told: Vec<_> = log
        .lines()
        .filter(|it| it.contains("the policy file"))
        .collect();
    assert_eq!(told.len(), 1, "once: {log}");
    for part in ["line 2", "what the file said before stays in force"] {
        assert!(told[0].contains(part), "{part}: {told:?}");
    }
    agent.begins("list_vaults", &list);
    assert_eq!(
        agent.answer()["isError"],
        true,
        "a whole file is in force at once"
    );
}

#[test]
fn policy_check_compares_a_programs_digest_with_its_file() {
    let person = Person::with_stripe();
    let program = person.writes("tool", "#!/bin/sh\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, mode).unwrap();
    let digest = "a8076d3d28d21e02012b20eaf7dbf75409a6277134439025f282e368e3305abf";
    let policy = |digest: &str| {
        let program = program.display();
        format!(
            "[agents.default.vaults]\nDev = \"use\"\n[[agents.default.commands]]\nrun = [\"{program}\"]\nsha256 = \"{digest}\"\n"
        )
    };

    person.writes("home/policy.toml", &policy(digest));
    let same = person.types(["policy", "check"]).succeeds();
    std::fs::write(&program, "#!/bin/sh\nexit\n").unwrap();
    let other = person
        .types(["policy", "check", "--json"])
        .succeeds()
        .json();

    assert!(
        same.stdout.contains("nothing in it needs a look"),
        "{}",
        same.stdout
    );
    let warnings = other["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{other}");
    assert_eq!(warnings[0]["line"], 3);
    let message = warnings[0]["message"].as_str().unwrap();
    assert!(
        message.contains("is not what `sha256` names, so it is not started"),
        "{message}"
    );
}

#[test]
fn doctor_tells_what_a_persons_yes_is_worth() {
    let person = Person::with_stripe();
    let finding = || {
        let told = person.types(["doctor", "--json"]).succeeds().json();
        let findings = told["findings"].as_array().unwrap().clone();
        // What is there comes first, then what a yes is worth.
        let mut about = findings
            .into_iter()
            .filter(|it| it["subject"] == "approvals");
        about.next_back().unwrap()
    };

    let without = finding();
    person.writes("pass", "canary correct horse battery\n");
    person
        .types(["passphrase", "set", "--passphrase-file", "pass"])
        .succeeds();
    person
        .types(["unlock", "--passphrase-file", "pass"])
        .succeeds();
    let with = finding();
    person.types(["lock"]).succeeds();

    assert_eq!(
        (&without["verdict"], &with["verdict"]),
        (&"look".into(), &"good".into())
    );
    let text = |finding: &serde_json::Value| finding["text"].as_str().unwrap().to_owned();
    assert!(
        text(&without).contains("any program of this user"),
        "{without}"
    );
    assert!(
        text(&without).contains("`hushkey passphrase set`"),
        "{without}"
    );
    assert!(
        text(&with).contains("a yes of yours needs the passphrase"),
        "{with}"
    );
}
