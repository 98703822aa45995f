//! What is wrong is told in one sentence and an exit status, and nothing is lost by it.

use std::{fs, os::unix::fs::PermissionsExt, process::Stdio, thread};

use insta::assert_snapshot;

use crate::binary::{Person, is_there};

/// What is said to each line of a list of commands, with the exit status.
fn answers(person: &Person, lines: &[&[&str]]) -> String {
    let answer = |words: &&[&str]| {
        let ran = person.types(*words);
        assert_eq!(ran.stdout, "", "{words:?}");
        let said = ran.said();
        format!(
            "{} -> {}: {}",
            words.join(" "),
            ran.status,
            said.lines().next().unwrap_or_default()
        )
    };
    lines.iter().map(answer).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_not_there_is_status_4() {
    let person = Person::with_stripe();
    for _ in 0..2 {
        person
            .types(["item", "create", "--vault", "Dev", "--title", "Twin"])
            .succeeds();
    }

    let said = answers(
        &person,
        &[
            &["vault", "get", "Nope"],
            &["item", "create", "--vault", "Nope", "--title", "x"],
            &["item", "get", "Nope"],
            &["item", "get", "Twin"],
            &["item", "get", "Stripe", "--fields", "label=nope"],
            &["item", "edit", "Stripe", "nope[delete]"],
            &["read", "op://Dev/Stripe/nope"],
            &[
                "import", "dotenv", "nope.env", "--vault", "Dev", "--title", "x",
            ],
        ],
    );

    assert_snapshot!(said, @"
    vault get Nope -> 4: hushkey: there is no vault `Nope`; list the vaults to see what there is
    item create --vault Nope --title x -> 4: hushkey: there is no vault `Nope`; list the vaults to see what there is
    item get Nope -> 4: hushkey: there is no item `Nope`; list the items to see what there is
    item get Twin -> 4: hushkey: 2 items are called `Twin`; use an id instead: [id], [id]
    item get Stripe --fields label=nope -> 4: hushkey: Stripe has no field `label=nope`; `hushkey item get` without --fields shows which it has
    item edit Stripe nope[delete] -> 4: hushkey: the item has no field `nope`
    read op://Dev/Stripe/nope -> 4: hushkey: there is no field `nope`; list the fields to see what there is
    import dotenv nope.env --vault Dev --title x -> 4: hushkey: cannot read `nope.env`: no such file or directory
    ");
}

#[test]
fn what_cannot_be_meant_is_status_2() {
    let person = Person::with_stripe();
    person.writes("bad.env", "A=1\nnot an assignment canary\n");

    let said = answers(
        &person,
        &[
            &["read", "op://Dev/Stripe"],
            &["read", "op://Dev/Stripe/a/b/c"],
            &["read", "op://Dev/Str#ipe/password"],
            &["read", "Dev/Stripe/password"],
            &["item", "create", "--vault", "Dev"],
            &["item", "create", "--vault", "Dev", "--title", "x", "canary"],
            &[
                "item",
                "create",
                "--vault",
                "Dev",
                "--title",
                "x",
                "--category",
                "thing",
            ],
            &[
                "item",
                "create",
                "--vault",
                "Dev",
                "--title",
                "x",
                "--generate-password=nonsense",
            ],
            &[
                "item",
                "create",
                "--vault",
                "Dev",
                "--title",
                "x",
                "a[delete]",
            ],
            &["item", "edit", "Stripe"],
            &["agent", "allow", "a b", "--vault", "Dev=use"],
            &["agent", "allow", "codex", "--vault", "Dev=everything"],
            &["agent", "allow", "codex", "--vault", "Dev"],
            &["log", "--since", "yesterday"],
            &["mcp", "--agent", "a b"],
            &["mcp", "--tools", "reveal"],
            &[
                "import", "dotenv", "bad.env", "--vault", "Dev", "--title", "x",
            ],
        ],
    );

    assert_snapshot!(said, @"
    read op://Dev/Stripe -> 2: hushkey: too few '/': secret references should match op://<vault>/<item>[/<section>]/<field>
    read op://Dev/Stripe/a/b/c -> 2: hushkey: too many '/': secret references should match op://<vault>/<item>[/<section>]/<field>
    read op://Dev/Str#ipe/password -> 2: hushkey: the item's name can't be written in a secret reference, which takes letters, digits, `-`, `_`, `.` and spaces; use the id instead
    read Dev/Stripe/password -> 2: hushkey: a secret reference begins with `op://`: op://<vault>/<item>[/<section>]/<field>
    item create --vault Dev -> 2: hushkey: an item needs a title; say --title
    item create --vault Dev --title x canary -> 2: hushkey: a field is written FIELD=VALUE (what was typed is not repeated here, it could hold a value)
    item create --vault Dev --title x --category thing -> 2: hushkey: there is no category `thing`; there are api-credential, bank-account, credit-card, custom, database, document, driver-license, email-account, identity, login, medical-record, membership, outdoor-license, passport, password, reward-program, secure-note, server, social-security-number, software-license, ssh-key, wireless-router
    item create --vault Dev --title x --generate-password=nonsense -> 2: hushkey: a password recipe is a length and the character sets, for example 20,letters,digits,symbols
    item create --vault Dev --title x a[delete] -> 2: hushkey: [delete] is for `hushkey item edit`; a new item has nothing to remove
    item edit Stripe -> 2: hushkey: nothing is to be changed; name a field or an option
    agent allow a b --vault Dev=use -> 2: hushkey: an agent's name has 1 to 64 letters, digits, `-`, `_` or `.`, and is not `owner`
    agent allow codex --vault Dev=everything -> 2: hushkey: `everything` is neither a level (off, read, use, write, full) nor a right (metadata, use, create, update, delete, files)
    agent allow codex --vault Dev -> 2: hushkey: --vault takes VAULT=LEVEL, as Dev=use
    log --since yesterday -> 2: hushkey: --since is not understood: write it as 1h or 2d, or as [time]
    mcp --agent a b -> 2: hushkey: an agent's name has 1 to 64 letters, digits, `-`, `_` or `.`, and is not `owner`
    mcp --tools reveal -> 2: hushkey: there is no tool `reveal`; the tools are attach_file, check_references, create_environment, create_item, delete_item, get_item, inject_template, list_activity, list_environments, list_items, list_variables, list_vaults, read_command, rename_environment, request_access, run_command, save_file, set_variables, start_command, stop_command, update_item
    import dotenv bad.env --vault Dev --title x -> 2: hushkey: bad.env: line 2 is no NAME=VALUE; put `#` before it if it is a comment
    ");
}

#[test]
fn a_run_that_does_not_start_says_why_and_of_which_class() {
    let person = Person::with_stripe();
    person.writes("data", "no program");
    person.writes("bad.env", "A=op://nonsense\n");

    let said = answers(
        &person,
        &[
            &["run", "--", "no-such-program"],
            &["run", "--", "./no-such-program"],
            &["run", "--", "./data"],
            &["run", "--env", "A=op://Dev/Nope/x", "--", "true"],
            &["run", "--env", "A=op://Dev/Stripe", "--", "true"],
            &["run", "--env", "A", "--", "true"],
            &["run", "--env-file", "no.env", "--", "true"],
            &["run", "--env-file", "bad.env", "--", "true"],
            &["run", "--no-such-flag", "--", "true"],
            &["run"],
        ],
    );

    assert_snapshot!(said, @"
    run -- no-such-program -> 127: hushkey: failed: there is no program `no-such-program`; check the name and the path
    run -- ./no-such-program -> 127: hushkey: failed: there is no program `./no-such-program`; check the name and the path
    run -- ./data -> 126: hushkey: failed: cannot execute `./data`: it is no executable file; check its permissions and its first line
    run --env A=op://Dev/Nope/x -- true -> 125: hushkey: not found: there is no item `Nope`; list the items to see what there is
    run --env A=op://Dev/Stripe -- true -> 125: hushkey: usage: too few '/': secret references should match op://<vault>/<item>[/<section>]/<field>
    run --env A -- true -> 125: hushkey: usage: --env takes NAME=REFERENCE
    run --env-file no.env -- true -> 125: hushkey: usage: `no.env` does not exist
    run --env-file bad.env -- true -> 125: hushkey: usage: `bad.env`: line 1: A is no secret reference: too few '/': secret references should match op://<vault>/<item>[/<section>]/<field>
    run --no-such-flag -- true -> 125: hushkey: usage: unexpected argument '--no-such-flag' found
    run -> 125: hushkey: usage: the following required arguments were not provided:
    ");
}

#[test]
fn a_file_that_others_can_read_is_refused_with_the_remedy() {
    let person = Person::with_stripe();
    let mode = |file: &str, mode: u32| {
        fs::set_permissions(person.home().join(file), fs::Permissions::from_mode(mode)).unwrap();
    };
    let mut said = Vec::new();

    for (file, exposed, closed) in [
        ("key", 0o644, 0o600),
        ("store.db", 0o640, 0o600),
        ("audit.db", 0o604, 0o600),
        ("policy.toml", 0o620, 0o600),
        ("", 0o755, 0o700),
    ] {
        mode(file, exposed);
        said.push(answers(&person, &[&["item", "list"]]));
        person
            .types(["doctor"])
            .ends_with(if file == "policy.toml" { 1 } else { 5 });
        mode(file, closed);
        person.types(["item", "list"]).succeeds();
    }

    assert_snapshot!(said.join("\n"), @"
    item list -> 5: hushkey: the key can't be read: `[dir]/home/key` is open to other users; run `chmod 600 [dir]/home/key`
    item list -> 5: hushkey: the store can't be opened: `[dir]/home/store.db` is open to other users; run `chmod 600 [dir]/home/store.db`
    item list -> 5: hushkey: the audit log can't be opened, so nothing is released: `[dir]/home/audit.db` is open to other users; run `chmod 600 [dir]/home/audit.db`
    item list -> 5: hushkey: the policy can't be used: `[dir]/home/policy.toml` is open to other users; run `chmod go-w [dir]/home/policy.toml`
    item list -> 5: hushkey: the store can't be opened: `[dir]/home` is open to other users; run `chmod 700 [dir]/home`
    ");
}

#[test]
fn another_key_opens_nothing() {
    let person = Person::with_stripe();
    let other = Person::with_stripe();
    fs::copy(other.home().join("key"), person.home().join("key")).unwrap();

    let said = answers(&person, &[&["item", "list"], &["log"]]);

    assert_snapshot!(said, @"
    item list -> 5: hushkey: this is not the key of this store; put the right key back
    log -> 5: hushkey: this is not the key of the audit log, so nothing is released; put the right key back
    ");
}

#[test]
fn a_changed_store_is_refused_and_never_shown() {
    let person = Person::with_stripe();
    let files = ["store.db", "store.db-wal"].map(|file| person.home().join(file));
    let sound = files.each_ref().map(|file| fs::read(file).unwrap());
    let restore = || {
        for (file, content) in files.iter().zip(&sound) {
            fs::write(file, content).unwrap();
        }
        let _ = fs::remove_file(person.home().join("store.db-shm"));
    };
    let (mut refused, mut harmless) = (0, 0);

    for (file, content) in files.iter().zip(&sound) {
        // Three bytes in each page.
        let pages = (0..content.len()).step_by(4096);
        for place in pages.flat_map(|page| [page + 40, page + 2048, page + 4000]) {
            let mut changed = content.clone();
            let Some(byte) = changed.get_mut(place) else {
                continue;
            };
            *byte ^= 0xA5;
            restore();
            fs::write(file, &changed).unwrap();

            let ran = person.types(["read", "-n", "op://Dev/Stripe/password"]);

            match ran.status {
                0 => assert_eq!(
                    ran.stdout,
                    Person::PASSWORD,
                    "byte {place} of {}",
                    file.display()
                ),
                4 | 5 => assert_eq!(ran.stdout, ""),
                status => panic!(
                    "byte {place} of {}: {status}: {}",
                    file.display(),
                    ran.stderr
                ),
            }
            if ran.status == 0 {
                harmless += 1
            } else {
                refused += 1
            }
        }
    }

    assert!(
        refused > 0,
        "the control: all {harmless} changes were harmless"
    );
    restore();
    assert_eq!(
        person
            .types(["read", "-n", "op://Dev/Stripe/password"])
            .stdout,
        Person::PASSWORD
    );
}

#[test]
fn what_is_no_store_is_not_taken_for_an_empty_one() {
    let person = Person::with_stripe();
    person.types(["log", "--verify"]).succeeds();
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(person.home().join(format!("store.db{suffix}")));
    }

    for content in [
        "",
        "no database at all, but longer than a header of a hundred bytes, so that it has to be looked at as one",
    ] {
        fs::write(person.home().join("store.db"), content).unwrap();

        let ran = person.types(["item", "list"]).ends_with(5);

        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn two_writers_wait_for_each_other() {
    let person = Person::with_stripe();

    thread::scope(|scope| {
        for writer in 0..4 {
            let person = &person;
            scope.spawn(move || {
                for item in 0..5 {
                    let title = format!("w{writer} {item}");
                    person
                        .types(["item", "create", "--vault", "Dev", "--title", &title])
                        .succeeds();
                }
            });
        }
    });

    assert_eq!(
        person
            .types(["item", "list", "--json"])
            .json()
            .as_array()
            .unwrap()
            .len(),
        21
    );
    person.types(["log", "--verify"]).succeeds();
}

#[test]
fn a_directory_that_is_gone_or_closed_is_told() {
    let person = Person::with_stripe();
    let script = format!(
        "mkdir gone && cd gone && rmdir ../gone && {} run -- ./x",
        env!("CARGO_BIN_EXE_hushkey")
    );

    let ran = person.runs(
        std::process::Command::new("sh")
            .args(["-c", &script])
            .current_dir(person.path(""))
            .env("HUSHKEY_HOME", person.home()),
    );

    assert_ne!(ran.status, 0);
    assert!(ran.stderr.starts_with("hushkey: "), "{}", ran.stderr);
}

#[test]
fn nobody_can_be_asked_without_a_terminal() {
    if !is_there("setsid") {
        return;
    }
    let person = Person::with_stripe();
    let alone = |words: &[&str]| {
        let own = person.command(["x"]);
        let mut command = std::process::Command::new("setsid");
        command
            .arg("--wait")
            .arg(own.get_program())
            .args(words)
            .current_dir(person.path(""))
            .env_clear();
        command
            .envs(
                own.get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .stdin(Stdio::null());
        let ran = person.runs(&mut command);
        format!(
            "{} -> {}: {}",
            words.join(" "),
            ran.status,
            ran.said().trim_end()
        )
    };
    person.writes("there", "");

    let said = [
        alone(&[
            "item", "create", "--vault", "Dev", "--title", "x", "--ask", "password",
        ]),
        alone(&["item", "delete", "Stripe", "--permanent"]),
        alone(&["vault", "delete", "Dev"]),
        alone(&["read", "-o", "there", "op://Dev/Stripe/password"]),
    ];

    assert_snapshot!(said.join("\n"), @"
    item create --vault Dev --title x --ask password -> 2: hushkey: there is no terminal to type `password` on; use --from-file, or a JSON item on standard input
    item delete Stripe --permanent -> 2: hushkey: there is no terminal to confirm this on; say --force
    vault delete Dev -> 2: hushkey: there is no terminal to confirm this on; say --force
    read -o there op://Dev/Stripe/password -> 1: hushkey: `there` is there already; say --force to replace it
    ");
    assert_eq!(fs::read(person.path("there")).unwrap(), b"");
}
