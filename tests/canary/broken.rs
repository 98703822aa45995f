//! Stores, keys, policies and logs that are broken, locked or closed: many errors with causes, none with a value.

use std::{
    fs,
    os::unix::fs::{FileExt, PermissionsExt},
    path::Path,
};

use serde_json::json;

use crate::{channels::Channels, ground::Ground};

/// What a model would do first, and what would release values.
fn try_everything(ground: &Ground, channels: &mut Channels, what: &str) {
    let mut session = ground.serve(&[]);
    for (tool, arguments) in [
        ("list_vaults", json!({})),
        ("list_items", json!({})),
        ("get_item", json!({ "item": "Portal" })),
        (
            "check_references",
            json!({ "references": ["op://Dev/Portal/password"], "env_file": ".env" }),
        ),
        (
            "create_item",
            json!({ "vault": "Dev", "title": what, "fields": [{ "label": "key", "copy": "op://Dev/Portal/password" }] }),
        ),
        (
            "update_item",
            json!({ "item": "Portal", "set": [{ "field": "password", "file": "token.txt" }] }),
        ),
        (
            "run_command",
            json!({ "command": ["sh", "-c", "env; cat"], "env_file": ".env", "stdin": "op://Dev/Odd/odd value" }),
        ),
        ("list_activity", json!({})),
    ] {
        let id = session.send_call(tool, arguments);
        // With some of these no server can begin, and its last words are all there is.
        if let Some(answer) = session.answer_if_any(id) {
            channels.answer(format!("answers with {what}"), &answer);
        }
    }
    channels.server(&format!("server with {what}"), &session.end());
    for arguments in [
        &["doctor"][..],
        &["item", "list"],
        &["item", "get", "Portal"],
        &["read", "op://Dev/Nothing/password"],
        &[
            "run",
            "--env-file",
            ".env",
            "--",
            "sh",
            "-c",
            "printenv DB_PASSWORD API_TOKEN",
        ],
        &["log"],
        &["policy", "check"],
    ] {
        channels.command(&format!("with {what}"), &ground.program.run(arguments));
    }
}

fn garble(path: &Path, from: u64) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    let length = file.metadata().unwrap().len();
    for at in (from..length).step_by(97) {
        file.write_at(b"\x5a", at).unwrap();
    }
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn no_value_comes_out_of_what_is_broken() {
    let (ground, mut channels) = Ground::plant();
    let home = ground.program.home.clone();
    let kept = ground.program.base.join("kept");
    fs::create_dir(&kept).unwrap();
    for entry in fs::read_dir(&home).unwrap().flatten() {
        fs::copy(entry.path(), kept.join(entry.file_name())).unwrap();
    }
    let put_back = || {
        for entry in fs::read_dir(&home).unwrap().flatten() {
            fs::remove_file(entry.path()).unwrap();
        }
        for entry in fs::read_dir(&kept).unwrap().flatten() {
            fs::copy(entry.path(), home.join(entry.file_name())).unwrap();
        }
    };
    let key = &ground.canaries.key;
    let pasted = &ground.canaries.pasted;
    let spoils: [(&str, &dyn Fn()); 16] = [
        ("a garbled store", &|| garble(&home.join("store.db"), 4096)),
        ("a store without a head", &|| {
            garble(&home.join("store.db"), 0)
        }),
        ("half a store", &|| {
            fs::File::options()
                .write(true)
                .open(home.join("store.db"))
                .unwrap()
                .set_len(9000)
                .unwrap()
        }),
        ("a policy that grants nothing", &|| {
            fs::write(home.join("policy.toml"), "").unwrap();
        }),
        ("a policy that asks a person", &|| {
            let rule = "run = [\"**\"]\nsecrets = [\"op://**\"]\napprove = \"always\"\n";
            let policy = format!(
                "[agents.default.vaults]\nDev = \"use\"\n[[agents.default.commands]]\n{rule}"
            );
            fs::write(home.join("policy.toml"), policy).unwrap();
        }),
        ("no store", &|| {
            fs::remove_file(home.join("store.db")).unwrap()
        }),
        ("a garbled audit log", &|| {
            garble(&home.join("audit.db"), 4096)
        }),
        ("no audit log", &|| {
            fs::remove_file(home.join("audit.db")).unwrap()
        }),
        ("an open key", &|| mode(&home.join("key"), 0o644)),
        ("half a key", &|| {
            fs::write(home.join("key"), &key[..40]).unwrap()
        }),
        ("a key and more", &|| {
            fs::write(home.join("key"), format!("{key} {pasted}\n")).unwrap()
        }),
        ("another key", &|| {
            fs::write(home.join("key"), format!("{}{}\n", &key[32..], &key[..32])).unwrap()
        }),
        ("a key command that fails", &|| {
            let command = format!(
                "key_command = [\"sh\", \"-c\", \"echo {key} >&2; echo x{key}; exit 1\", \"{pasted}\"]\n"
            );
            fs::write(home.join("config.toml"), command).unwrap();
            mode(&home.join("config.toml"), 0o600);
        }),
        ("a token in the configuration", &|| {
            fs::write(
                home.join("config.toml"),
                format!("[connect]\ntoken = \"{pasted}\"\n"),
            )
            .unwrap();
            mode(&home.join("config.toml"), 0o600);
        }),
        ("a configuration that is no TOML", &|| {
            fs::write(
                home.join("config.toml"),
                format!("token = {pasted}\n= \"{key}\""),
            )
            .unwrap();
            mode(&home.join("config.toml"), 0o600);
        }),
        ("a policy that is no policy", &|| {
            fs::write(
                home.join("policy.toml"),
                format!("[agents.default]\ntoken = \"{pasted}\"\n{pasted} = {pasted}\n"),
            )
            .unwrap();
        }),
    ];

    for (what, spoil) in spoils {
        spoil();
        try_everything(&ground, &mut channels, what);
        put_back();
    }

    let names: Vec<String> = spoils
        .iter()
        .map(|(what, _)| format!("hushkey with {what}"))
        .collect();
    let spoke = names.iter().map(String::as_str).chain([
        "answers with a garbled store",
        "standard error of the server with no store",
    ]);
    let spoke: Vec<&str> = spoke.collect();
    channels.assert_clean(&ground.search(), &spoke);
}

#[test]
fn no_value_comes_out_while_the_audit_log_is_locked() {
    let (ground, mut channels) = Ground::plant();
    let mut session = ground.serve(&[]);
    session.answered("list_vaults", json!({}));
    let locked = rusqlite::Connection::open(ground.program.home.join("audit.db")).unwrap();
    locked.execute_batch("BEGIN IMMEDIATE").unwrap();

    let run = json!({ "command": ["sh", "-c", "touch ran; env"], "env_file": ".env" });
    let refusal = session.refusal("run_command", run);

    assert!(!ground.program.work.join("ran").exists());
    channels.add("refusal without a log", refusal.as_bytes());
    channels.server("server without a log", &session.end());
    channels.assert_clean(
        &ground.search(),
        &[
            "refusal without a log",
            "standard error of the server without a log",
        ],
    );
}
