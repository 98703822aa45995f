//! Real commands whose output holds no secret keep every byte, although they have secrets.

use std::process::Command;

use serde_json::{Value, json};

use crate::{den::Den, secrets::Kind, tools};

/// Commands whose output is the same each time, and the tools that they need.
const SAME: &[(&str, &str)] = &[
    ("", "ls -l /usr/bin"),
    ("", "ls -la /etc /usr/lib"),
    ("", "sha256sum /usr/bin/* 2>/dev/null"),
    ("", "md5sum /usr/bin/* 2>/dev/null"),
    ("", "od -A x -t x1z /bin/true"),
    ("", "od -c /bin/true"),
    ("", "base64 /bin/true"),
    ("xxd", "xxd /bin/sh"),
    ("hexdump", "hexdump -C /bin/sh"),
    ("", "head -c 6000 /bin/true | tr -cd '[:print:]\\n'"),
    (
        "",
        "cat /etc/passwd /etc/group; cat /etc/ssl/certs/*.pem 2>/dev/null",
    ),
    ("", "seq 1 4000"),
    ("", "seq -s, 1 0.5 900"),
    ("", "cat /etc/services /etc/protocols 2>/dev/null"),
    ("gzip", "gzip -c </etc/passwd | base64"),
    ("perl", "perl -V"),
    (
        "python3",
        "python3 -c 'import this'; python3 -c 'import sys; help(sys)'",
    ),
    ("openssl", "openssl version -a; openssl ciphers -v"),
    ("git", "git --version; git help -a"),
    (
        "awk",
        "awk 'BEGIN { srand(7); for (i = 0; i < 3000; i++) printf \"%d \", int(rand() * 256) }'",
    ),
    (
        "awk",
        "awk 'BEGIN { srand(8); for (i = 0; i < 900; i++) printf \"%08x-%04x \", int(rand() * 4294967295), int(rand() * 65535) }'",
    ),
];

/// Commands whose output differs from time to time.
const DIFFERENT: &[(&str, &str)] = &[
    // Not `ps aux`: other tests have made-up values on their command lines.
    ("ps", "ps -eo pid,ppid,stat,vsz,rss,time,comm"),
    ("", "base64 /dev/urandom"),
    ("", "od -A n -t x1 /dev/urandom"),
    ("", "od -A n -t u1 /dev/urandom"),
    ("", "head -c 12000 /dev/urandom"),
    ("", "tr -dc A-Za-z0-9 </dev/urandom"),
    ("", "tr -dc 0-9 </dev/urandom"),
    ("", "tr -dc a-f0-9 </dev/urandom | fold -w 64"),
    ("", "cat /proc/meminfo /proc/cpuinfo /proc/mounts"),
    ("", "df; date; uptime"),
];

/// So many bytes of each output are looked at.
const SHOWN: usize = 12 * 1024;

/// Runs a script with all secrets.
fn run(den: &mut Den, script: &str) -> Value {
    let env: serde_json::Map<String, Value> = Kind::ALL
        .iter()
        .map(|kind| (kind.label().to_uppercase(), kind.reference().into()))
        .collect();
    den.agent.answered(
        "run_command",
        json!({ "command": ["sh", "-c", script], "env": env }),
    )
}

#[test]
fn real_commands_with_secrets_keep_every_byte_of_harmless_output() {
    let mut den = Den::open();
    let mut skipped = Vec::new();

    let both = SAME
        .iter()
        .map(|row| (true, row))
        .chain(DIFFERENT.iter().map(|row| (false, row)));
    for (same, (tool, script)) in both {
        if !tool.is_empty() && !tools::has(tool) {
            skipped.push(format!("no {tool}"));
            continue;
        }
        let script = format!("{{ {script}; }} 2>&1 | head -c {SHOWN}");

        let answer = run(&mut den, &script);

        let shown = answer["stdout"].as_str().unwrap();
        assert!(answer["withheld"].is_null(), "{script}: {answer}");
        assert!(!shown.contains("<concealed:"), "{script}: {answer}");
        assert!(shown.len() > 100, "the control: {script}: {answer}");
        if same {
            assert!(shown == without_hushkey(&script), "{script}");
        }
    }
    let all = SAME.len() + DIFFERENT.len();
    tools::skipped(skipped.len(), all, "harmless commands", &skipped);
}

fn without_hushkey(script: &str) -> String {
    let output = Command::new("sh")
        .args(["-c", script])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}
