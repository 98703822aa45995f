//! The key, the store and the policy, by their names and by others.

use std::os::unix::fs::symlink;

use serde_json::json;

use crate::{
    agent::text,
    den::{Den, REFERENCE, VALUE, assert_nothing_in, leaks},
};

/// Everything that a path argument may be aimed at the key with, and what makes the name.
fn names_of_the_key(den: &Den) -> Vec<String> {
    let (work, home) = (&den.program.work, &den.program.home);
    let key = home.join("key");
    symlink(&key, work.join("link")).unwrap();
    symlink(home, work.join("directory")).unwrap();
    symlink("link", work.join("link-to-link")).unwrap();
    let mut names = vec![
        text(&key).to_owned(),
        "../home/key".to_owned(),
        "./../home/key".to_owned(),
        format!("{}/../home/key", text(work)),
        "link".to_owned(),
        "link-to-link".to_owned(),
        "directory/key".to_owned(),
        "directory/store.db".to_owned(),
        "directory/policy.toml".to_owned(),
        format!("/proc/self/root{}", text(&key)),
        format!("/proc/{}/root{}", den.agent.pid(), text(&key)),
        format!("/proc/self/cwd/../home/key"),
        "/proc/self/environ".to_owned(),
        format!("/proc/{}/environ", den.agent.pid()),
        format!("//{}", text(&key)),
    ];
    names.extend((0..12).map(|fd| format!("/proc/self/fd/{fd}")));
    if std::fs::hard_link(&key, work.join("hard")).is_ok() {
        names.push("hard".to_owned());
    }
    names
}

#[test]
fn the_key_is_no_source_of_a_value_by_any_name() {
    let mut den = Den::open();

    for name in names_of_the_key(&den) {
        let field = json!({ "label": "k", "type": "STRING", "file": name });
        let made = den.call(
            "create_item",
            json!({ "vault": "Dev", "title": "x", "fields": [field] }),
        );
        let run = den.call(
            "run_command",
            json!({ "command": ["env"], "env_file": name }),
        );
        let checked = den.call("check_references", json!({ "env_file": name }));

        for answer in [made, run, checked] {
            assert!(answer.contains("\"isError\":true"), "{name}: {answer}");
            assert!(
                answer.contains("is not open to you") || answer.contains("can't be opened"),
                "{name}: {answer}"
            );
            assert_nothing_in(&answer, &den, &name);
        }
    }
    let inside = den.call(
        "run_command",
        json!({ "command": ["cat", "key"], "cwd": text(&den.program.home) }),
    );
    assert!(inside.contains("is not open to you"), "{inside}");
}

#[test]
fn a_program_that_prints_the_key_prints_marks() {
    let mut den = Den::open();
    let home = text(&den.program.home).to_owned();

    for script in [
        "cat KEY",
        "tr a-f A-F <KEY",
        "base64 -w0 <KEY",
        "rev KEY",
        "xxd -r -p KEY | base64 -w0",
        "xxd -p -c 64 KEY",
        "cut -c1-32 KEY; cut -c33-64 KEY",
    ] {
        let answer = den.shell(&script.replace("KEY", &format!("{home}/key")));

        assert!(
            answer.contains("<concealed:hushkey's own key>"),
            "{script}: {answer}"
        );
        assert_nothing_in(&answer, &den, script);
    }
}

#[test]
fn a_program_can_turn_the_key_into_something_that_no_filter_knows_as_security_md_says() {
    let mut den = Den::open();
    let home = text(&den.program.home).to_owned();

    let answer = den.shell(&format!(
        "for b in $(od -An -v -tu1 {home}/key); do printf '%d,' $((b * 7)); done; base64 -w0 {home}/store.db | head -c 200"
    ));

    // Under the wide policy the agent's code can read what its user can read. Narrow rules and tier 2 close it.
    let turned: String = den
        .key()
        .bytes()
        .map(|digit| format!("{},", u32::from(digit) * 7))
        .collect();
    assert!(
        leaks(&answer, &turned),
        "this is closed now: say so in SECURITY.md; {answer}"
    );
}

#[test]
fn another_users_server_keeps_its_files_from_a_run_that_is_not_its() {
    let mut den = Den::of_an_ordinary_user();
    let secret = den.program.base.join("others");
    std::fs::write(&secret, VALUE).unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    if !rustix::process::geteuid().is_root() {
        return;
    }

    let answer = den.shell(&format!("cat {}; cat /etc/shadow", text(&secret)));

    assert!(answer.contains("Permission denied"), "{answer}");
    assert_nothing_in(&answer, &den, "another user's file");
}

#[test]
fn what_a_program_prints_into_a_field_does_not_come_back() {
    let mut den = Den::open();
    let home = text(&den.program.home).to_owned();

    let stolen = json!({ "label": "k", "command": ["sh", "-c", format!("cat {home}/key")] });
    let made = den.call(
        "create_item",
        json!({ "vault": "Dev", "title": "Stolen", "fields": [stolen] }),
    );
    let got = den.call("get_item", json!({ "item": "Stolen" }));
    let used = den.call("run_command", json!({ "command": ["sh", "-c", "echo $K; echo $K >&2; exit 3"], "env": { "K": "op://Dev/Stolen/k", "V": REFERENCE } }));

    for answer in [&made, &got, &used] {
        assert_nothing_in(answer, &den, "a command source");
    }
    assert!(used.contains("<concealed:"), "{used}");
}
