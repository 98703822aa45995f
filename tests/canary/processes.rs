//! What others on the machine can see of a run while it lasts.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use crate::{
    agent::eventually,
    ground::{Ground, REFERENCES},
};

/// Processes of the machine, each with its directory in `/proc`.
fn processes() -> Vec<PathBuf> {
    let entries = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .map(|entry| entry.path());
    entries
        .filter(|path| {
            path.file_name()
                .is_some_and(|it| it.as_encoded_bytes()[0].is_ascii_digit())
        })
        .collect()
}

fn ancestor_or_self(mut process: PathBuf, wanted: u32) -> bool {
    let wanted = PathBuf::from(format!("/proc/{wanted}"));
    while process != wanted {
        let Ok(stat) = fs::read_to_string(process.join("stat")) else {
            return false;
        };
        let parent = stat
            .rsplit(") ")
            .next()
            .and_then(|rest| rest.split(' ').nth(1))
            .unwrap_or("0");
        if parent == "0" {
            return false;
        }
        process = PathBuf::from("/proc").join(parent);
    }
    true
}

#[test]
fn no_value_stands_on_a_command_line_or_in_the_environment_of_hushkeys_own_processes() {
    let (ground, mut channels) = Ground::plant();
    let work = ground.program.work.clone();
    let environment = [("HUSHKEY_BACKEND", "local")];
    let mut session = ground.program.serve(&[], &environment);
    let env: Value = REFERENCES
        .iter()
        .map(|(name, it)| ((*name).to_owned(), json!(it)))
        .collect();
    let id = session.send_call("run_command", json!({
        "command": ["sh", "-c", "printenv ODD >/dev/null; echo $$ >pid; until [ -e go ]; do sleep 0.02; done"],
        "env": env, "files": { "KEY_FILE": "op://Dev/Server/private key" }, "stdin": "op://Dev/Odd/odd value", "env_file": ".env",
    }));
    eventually("the program runs", || {
        fs::read_to_string(work.join("pid")).is_ok_and(|pid| pid.ends_with('\n'))
    });
    let program = PathBuf::from("/proc").join(fs::read_to_string(work.join("pid")).unwrap().trim());

    let mut own = 0;
    for process in processes() {
        let read = |file: &str| fs::read(process.join(file)).unwrap_or_default();
        channels.add("command lines", &read("cmdline"));
        // The program has its values in its environment, and passes them on to what it starts.
        if ancestor_or_self(process.clone(), session.pid())
            && !read("environ").windows(9).any(|it| it == b"PASSWORD=")
        {
            channels.add("environments of hushkey's own", &read("environ"));
            own += 1;
        }
    }
    let given = fs::read(program.join("environ")).unwrap_or_default();
    fs::write(work.join("go"), "").unwrap();
    session.answer(id);

    assert!(own >= 2, "server and supervisor were not found");
    let search = ground.search();
    assert!(
        !search.found_in(&given).is_empty(),
        "not even the program had its values: nothing was searched"
    );
    channels.assert_clean(&search, &["command lines", "environments of hushkey's own"]);
}
