//! What a store of one's own can do and a Connect server can't: vaults, the archive, an anchor against older copies.

use std::fs;

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::json;

use crate::binary::Person;

#[test]
fn a_deleted_item_comes_back_until_it_is_deleted_for_good() {
    let person = Person::with_stripe();

    person.types(["item", "delete", "Stripe"]).succeeds();
    person
        .types(["read", "op://Dev/Stripe/password"])
        .ends_with(4);
    let archived = person
        .types(["item", "list", "--archived", "--json"])
        .json();
    assert_eq!(archived[0]["state"], "ARCHIVED");
    person.types(["item", "restore", "Stripe"]).succeeds();
    person
        .types(["read", "op://Dev/Stripe/password"])
        .succeeds();

    person
        .types(["item", "delete", "Stripe", "--permanent", "--force"])
        .succeeds();
    person.types(["item", "restore", "Stripe"]).ends_with(4);
}

#[test]
fn a_vault_that_the_policy_names_is_not_renamed_quietly() {
    let person = Person::with_stripe();

    let renamed = person
        .types(["vault", "edit", "Dev", "--name", "Prod"])
        .succeeds();

    assert_snapshot!(renamed.said(), @"hushkey: the policy names the vault by its old name, and grants nothing in it now; `hushkey policy check` tells where");
}

#[test]
fn vaults_are_made_renamed_and_deleted() {
    let person = Person::with_stripe();

    let made = person
        .types(["vault", "create", "CI", "Shop", "--description", "builds"])
        .succeeds();
    person
        .types(["vault", "edit", "CI", "--name", "Builds"])
        .succeeds();
    let shown = person.types(["vault", "get", "builds"]).succeeds();
    person
        .types(["vault", "delete", "Builds", "Shop", "--force"])
        .succeeds();

    assert_snapshot!(made.shown(), @"
    made vault CI ([id])
    made vault Shop ([id])
    ");
    assert_snapshot!(shown.shown(), @"
    ID:           [id]
    Name:         Builds
    Description:  builds
    Items:        0
    Created:      [time]
    Updated:      [time]
    ");
    assert_json_snapshot!(person.types(["vault", "list", "--json"]).json().as_array().unwrap().len(), @"1");
}

#[test]
fn doctor_finds_all_well_and_names_the_tier() {
    let person = Person::with_stripe();

    let well = person.types(["doctor", "--json"]).succeeds().json();
    let nothing = Person::new();
    let before_init = nothing.types(["doctor"]).succeeds();

    let findings = well["findings"].as_array().unwrap();
    let of = |subject: &str| {
        let found = findings
            .iter()
            .rfind(|finding| finding["subject"] == subject);
        found.unwrap_or_else(|| panic!("{subject}")).clone()
    };
    assert!(
        findings.iter().all(|finding| finding["verdict"] != "bad"),
        "{findings:?}"
    );
    assert!(
        of("tier")["text"].as_str().unwrap().starts_with("0 of 2"),
        "{}",
        of("tier")
    );
    assert_eq!(of("store")["verdict"], "good");
    assert_eq!(of("audit")["verdict"], "good");
    assert!(
        before_init.stdout.contains("`hushkey init` makes it"),
        "{}",
        before_init.stdout
    );
    assert!(!nothing.home().exists(), "doctor makes nothing");
}

#[test]
fn doctor_notices_an_older_store_in_the_place_of_the_newer() {
    let person = Person::with_stripe();
    let copy = |to_home: bool| {
        for suffix in ["", "-wal"] {
            let own = person.home().join(format!("store.db{suffix}"));
            let aside = person.path(&format!("aside{suffix}"));
            let (from, to) = if to_home { (aside, own) } else { (own, aside) };
            match fs::read(&from) {
                Ok(content) => fs::write(&to, content).unwrap(),
                Err(_) => drop(fs::remove_file(&to)),
            }
        }
        if to_home {
            let _ = fs::remove_file(person.home().join("store.db-shm"));
        }
    };
    copy(false);
    person
        .types(["item", "edit", "Stripe", "--generate-password"])
        .succeeds();

    copy(true);

    let doctor = person.types(["doctor"]).ends_with(1);
    let other = person.types(["item", "list"]).succeeds();
    for said in [&doctor.stdout, &other.stderr] {
        assert!(
            said.contains("an older copy was put in its place"),
            "{said}"
        );
    }
    person
        .types_with(&[("CLAUDECODE", "1")], ["doctor", "--accept-store"])
        .ends_with(3);

    person.types(["doctor", "--accept-store"]).succeeds();

    assert_eq!(person.types(["item", "list"]).succeeds().stderr, "");
    person.types(["log", "--verify"]).succeeds();
}

#[test]
fn the_log_tells_who_did_what_and_is_verified() {
    let person = Person::with_stripe();
    person
        .types(["read", "op://Dev/Stripe/password"])
        .succeeds();
    person.types(["read", "op://Dev/Stripe/nope"]).ends_with(4);

    let log = person.types(["log"]).succeeds();
    let since = person
        .types(["log", "--since", "1h", "--agent", "codex", "--json"])
        .succeeds();
    let sound = person.types(["log", "--verify"]).succeeds();

    assert_snapshot!(log.shown(), @"
    1  [day] [clock]  owner listed the vaults
    3  [day] [clock]  owner created the vault Dev
    5  [day] [clock]  owner created Dev/Stripe
    7  [day] [clock]  owner revealed Dev/Stripe/password
    9  [day] [clock]  owner was denied revealing op://Dev/Stripe/nope: there is no field `nope`; list the fields to see what there is (request [code])
    ");
    assert_eq!(since.json(), json!([]));
    assert!(
        sound.stdout.ends_with("entries are as they were written\n"),
        "{}",
        sound.stdout
    );
}
