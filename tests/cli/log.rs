//! The log for people and for other programs: filtered, exported, pruned.

use std::{os::unix::net::UnixDatagram, process::Stdio, time::Duration};

use serde_json::Value;

use crate::binary::Person;

/// Somebody who has read a password, and asked for one that is not there.
fn with_doings() -> Person {
    let person = Person::with_stripe();
    person
        .types(["read", "op://Dev/Stripe/password"])
        .succeeds();
    person
        .types(["read", "op://Dev/Gone/password"])
        .ends_with(4);
    person.types(["vault", "create", "Other"]).succeeds();
    person
}

fn entries(person: &Person, words: &[&str]) -> Vec<Value> {
    let listed = person
        .types([&["log", "--json"], words].concat())
        .succeeds()
        .json();
    listed.as_array().unwrap().clone()
}

fn datagram(socket: &UnixDatagram) -> String {
    let mut bytes = vec![0; 64 * 1024];
    let length = socket.recv(&mut bytes).unwrap();
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

fn listening(person: &Person, name: &str) -> UnixDatagram {
    let socket = UnixDatagram::bind(person.path(name)).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    socket
}

#[test]
fn the_log_is_filtered_by_action_decision_thing_and_time() {
    let person = with_doings();
    let all = entries(&person, &[]);

    let revealed = entries(&person, &["--action", "reveal"]);
    let denied = entries(&person, &["--decision", "denied"]);
    let about = entries(&person, &["--about", "dev/stripe"]);
    let vault = entries(&person, &["--about", "Dev", "--action", "reveal"]);
    let nothing = entries(&person, &["--until", "1h"]);
    let everything = entries(&person, &["--since", "1h"]);

    assert_eq!(revealed.len(), 3, "{revealed:?}");
    assert_eq!(denied.len(), 1);
    assert_eq!(denied[0]["action"], "reveal");
    assert!(
        about.len() >= 2
            && about
                .iter()
                .all(|entry| entry["target"].as_str().unwrap().contains("Stripe"))
    );
    assert_eq!(vault.len(), 2, "{vault:?}");
    assert_eq!(nothing, [] as [Value; 0]);
    assert_eq!(everything.len(), all.len());
    person.types(["log", "--decision", "maybe"]).ends_with(2);
    person.types(["log", "--until", "soon"]).ends_with(2);
}

#[test]
fn the_log_is_exported_as_json_lines_from_where_the_last_export_ended() {
    let person = with_doings();
    let all = entries(&person, &[]);

    let exported = person.types(["log", "export"]).succeeds().stdout;
    let rest = person
        .types(["log", "export", "--after", "3", "--action", "reveal"])
        .succeeds()
        .stdout;

    let lines: Vec<Value> = exported
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines, all);
    assert_eq!(rest.lines().count(), 3);
    assert!(!exported.contains(Person::PASSWORD));
    person
        .types_with(&[("CLAUDECODE", "1")], ["log", "export"])
        .ends_with(3);
}

#[test]
fn the_log_is_exported_to_syslog_and_to_journald() {
    let person = with_doings();
    let (syslog, journal) = (listening(&person, "syslog"), listening(&person, "journal"));

    let words = ["log", "export", "--decision", "denied", "--socket"];
    person
        .types([&words[..], &["syslog", "--to", "syslog"]].concat())
        .succeeds();
    person
        .types([&words[..], &["journal", "--to", "journald"]].concat())
        .succeeds();

    let line = datagram(&syslog);
    let parts: Vec<&str> = line.splitn(7, ' ').collect();
    assert_eq!(
        (parts[0], parts[2], parts[3], parts[5]),
        ("<84>1", "-", "hushkey", "reveal"),
        "{line}"
    );
    assert!(parts[1].parse::<jiff::Timestamp>().is_ok(), "{line}");
    assert!(parts[6].starts_with("[hushkey@32473 seq=\""), "{line}");
    assert!(
        line.contains("decision=\"denied\"") && line.contains("] owner was denied"),
        "{line}"
    );
    let fields = datagram(&journal);
    assert!(fields.starts_with("MESSAGE=owner was denied"), "{fields}");
    for field in [
        "\nPRIORITY=4\n",
        "\nSYSLOG_IDENTIFIER=hushkey\n",
        "\nHUSHKEY_ACTION=reveal\n",
        "\nHUSHKEY_DECISION=denied\n",
    ] {
        assert!(fields.contains(field), "{fields}");
    }
    let nobody = person
        .types([&words[..], &["nobody", "--to", "syslog"]].concat())
        .ends_with(1);
    assert!(
        nobody.stderr.contains("nobody listens at `nobody`"),
        "{}",
        nobody.stderr
    );
}

#[test]
fn an_export_goes_on_with_what_happens() {
    let person = with_doings();
    let syslog = listening(&person, "syslog");
    let words = [
        "log",
        "export",
        "--to",
        "syslog",
        "--socket",
        "syslog",
        "--action",
        "create_vault",
        "--follow",
    ];
    let mut command = person.command(words);
    let mut following = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Of `Dev` and `Other`, each allowed and done.
    let before: Vec<String> = (0..4).map(|_| datagram(&syslog)).collect();
    assert!(before[3].contains("Other"), "{before:?}");

    person.types(["vault", "create", "Later"]).succeeds();

    assert!(datagram(&syslog).contains("Later"));
    following.kill().unwrap();
    following.wait().unwrap();
}

#[test]
fn a_pruned_log_is_verified_and_says_what_was_cut() {
    let person = with_doings();
    let before = entries(&person, &["-n", "1000"]).len();

    let pruned = person.types(["log", "prune", "--keep", "4"]).succeeds();
    let verified = person.types(["log", "--verify"]).succeeds();
    let json = person
        .types(["log", "--verify", "--json"])
        .succeeds()
        .json();

    // The record that it is about to be pruned is one of the four.
    assert_eq!(
        pruned.stdout,
        format!("removed {} entries\n", before + 1 - 4)
    );
    assert!(
        verified.stdout.contains("were pruned by owner"),
        "{}",
        verified.stdout
    );
    assert_eq!(json["cut"]["entries"], before + 1 - 4, "{json}");
    assert_eq!(json["fault"], Value::Null);
    let left = person.types(["log"]).succeeds().stdout;
    assert!(left.contains("the audit log, pruned"), "{left}");
    person
        .types(["read", "op://Dev/Stripe/password"])
        .succeeds();
    person.types(["doctor"]).succeeds();
    let young = person.types(["log", "prune", "--before", "1h"]).succeeds();
    assert_eq!(young.stdout, "nothing is that old\n");
    person.types(["log", "prune"]).ends_with(2);
    person.types(["log", "prune", "--keep", "0"]).ends_with(2);
    person
        .types_with(&[("CLAUDECODE", "1")], ["log", "prune", "--keep", "1"])
        .ends_with(3);
}

#[test]
fn a_log_that_is_killed_while_it_is_pruned_loses_nothing_that_was_to_stay() {
    let person = with_doings();

    for round in 0..8_u64 {
        let mut command = person.command(["log", "prune", "--keep", "6"]);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(7 * round));
        let _ = child.kill();
        child.wait().unwrap();

        let verified = person
            .types(["log", "--verify", "--json"])
            .succeeds()
            .json();
        assert_eq!(verified["fault"], Value::Null, "{verified}");
        assert!(verified["sound"].as_u64().unwrap() >= 6, "{verified}");
        person
            .types(["read", "op://Dev/Stripe/password"])
            .succeeds();
    }
}
