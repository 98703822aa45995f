//! What builds, tests and version control print.

use super::{ALNUM, BASE64, HEX, Random};

pub(super) fn outputs() -> Vec<(&'static str, String)> {
    vec![
        ("cargo build", cargo_build()),
        ("cargo test", cargo_test()),
        ("npm install", npm_install()),
        ("a lock file of npm", npm_lock()),
        ("pip install", pip_install()),
        ("maven", maven()),
        ("gradle", GRADLE.repeat(6)),
        ("docker build", docker_build()),
        ("make", make()),
        ("webpack", webpack()),
        ("pytest", pytest()),
        ("jest", JEST.repeat(6)),
        ("go test", go_test()),
        ("TAP", tap()),
        ("a table of coverage", coverage()),
        ("git log", git_log()),
        ("git diff", git_diff()),
        ("git status", GIT_STATUS.to_owned()),
        ("git clone", git_clone()),
        ("terraform plan", terraform()),
        ("stack traces", TRACES.repeat(4)),
        (
            "a progress bar",
            (0..=100)
                .map(|at| {
                    format!(
                        "\r{:3}% [{:<50}] {at}/100 eta 00:{:02}",
                        at,
                        "#".repeat(at / 2),
                        100 - at
                    )
                })
                .collect(),
        ),
    ]
}

const CRATES: [&str; 12] = [
    "proc-macro2",
    "unicode-ident",
    "serde_derive",
    "tokio-macros",
    "aho-corasick",
    "regex-automata",
    "hashbrown",
    "crossbeam-utils",
    "wasm-bindgen-shared",
    "windows-targets",
    "openssl-probe",
    "production-config",
];

fn cargo_build() -> String {
    let random = &mut Random(21);
    let mut text = "    Updating crates.io index\n".to_owned();
    for _ in 0..80 {
        text += &format!(
            "\u{1b}[1m\u{1b}[32m   Compiling\u{1b}[0m {} v{}.{}.{}\n",
            random.word(&CRATES),
            random.next() % 9,
            random.next() % 40,
            random.next() % 200
        );
    }
    text + "warning: field `token` is never read\n  --> src/session.rs:14:5\n   |\n12 | pub struct Session {\n   |            ------- field in this struct\n14 |     token: String,\n   |     ^^^^^\n\n    Finished `release` profile [optimized] target(s) in 1m 23s\n"
}

fn cargo_test() -> String {
    let random = &mut Random(22);
    let names = [
        "parses_an_empty_file",
        "keeps_every_byte",
        "a_password_is_never_logged",
        "rejects_what_is_too_long",
        "rotates_the_secret_key",
    ];
    let lines: String = (0..90)
        .map(|_| {
            format!(
                "test {}::tests::{} ... ok\n",
                random.word(&CRATES).replace('-', "_"),
                random.word(&names)
            )
        })
        .collect();
    format!(
        "     Running unittests src/lib.rs (target/debug/deps/shop-{})\n\nrunning 90 tests\n{lines}\ntest result: ok. 90 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 3.41s\n",
        random.text(HEX, 16)
    )
}

fn npm_install() -> String {
    let random = &mut Random(23);
    let mut text = String::new();
    for _ in 0..60 {
        text += &format!(
            "npm http fetch GET 200 https://registry.npmjs.org/{}/-/{}-{}.{}.1.tgz {}ms (cache miss)\n",
            random.word(&CRATES),
            random.word(&CRATES),
            random.next() % 20,
            random.next() % 20,
            random.next() % 900
        );
    }
    text + "npm WARN deprecated uuid@3.4.0: Please upgrade to version 7 or higher.\n\nadded 1423 packages, and audited 1424 packages in 37s\n\n231 packages are looking for funding\n  run `npm fund` for details\n\n6 vulnerabilities (2 moderate, 4 high)\n"
}

fn npm_lock() -> String {
    let random = &mut Random(24);
    (0..40)
        .map(|_| {
            let (name, version) = (random.word(&CRATES), random.next() % 20);
            format!(
                "    \"node_modules/{name}\": {{\n      \"version\": \"{version}.2.1\",\n      \"resolved\": \"https://registry.npmjs.org/{name}/-/{name}-{version}.2.1.tgz\",\n      \"integrity\": \"sha512-{}==\",\n      \"license\": \"MIT\",\n      \"engines\": {{ \"node\": \">=18\" }}\n    }},\n",
                random.text(BASE64, 86)
            )
        })
        .collect()
}

fn pip_install() -> String {
    let random = &mut Random(25);
    let mut text = String::new();
    for _ in 0..30 {
        let name = random.word(&CRATES).replace('-', "_");
        text += &format!(
            "Collecting {name}>=2.1\n  Downloading {name}-2.{}.0-cp311-cp311-manylinux_2_17_x86_64.whl ({}.{} MB)\n     \u{2501}\u{2501}\u{2501}\u{2501}\u{2501}\u{2501}\u{2501}\u{2501}\u{2501}\u{2501}\u{2501}\u{2501}\u{2501}\u{2501}\u{2501}\u{2501} {}.{}/2.8 MB 41.3 MB/s eta 0:00:00\n",
            random.next() % 30,
            random.next() % 9,
            random.next() % 9,
            random.next() % 3,
            random.next() % 9
        );
    }
    text + "Installing collected packages: certifi, idna, urllib3, requests\nSuccessfully installed certifi-2026.1.31 idna-3.10 requests-2.32.3 urllib3-2.3.0\n"
}

fn maven() -> String {
    let random = &mut Random(26);
    let lines: String = (0..50)
        .map(|_| format!("[INFO] Downloading from central: https://repo.maven.apache.org/maven2/org/apache/{0}/{1}/{1}.0.pom ({2} kB at {3} kB/s)\n", random.word(&CRATES).replace('-', "/"), random.next() % 30, random.next() % 90, random.next() % 900))
        .collect();
    format!(
        "[INFO] Scanning for projects...\n{lines}[INFO] BUILD SUCCESS\n[INFO] Total time:  01:12 min\n[INFO] Finished at: 2026-11-24T10:14:07Z\n"
    )
}

const GRADLE: &str = "> Task :app:compileKotlin UP-TO-DATE
> Task :app:processDebugResources FROM-CACHE
> Task :app:signingConfigWriterRelease
w: file:///home/user/app/src/main/kotlin/Secrets.kt:17:13 Variable 'apiKeyName' is never used
BUILD SUCCESSFUL in 48s
137 actionable tasks: 12 executed, 125 up-to-date
";

fn docker_build() -> String {
    let random = &mut Random(27);
    let mut text = "#1 [internal] load build definition from Dockerfile\n#1 transferring dockerfile: 1.21kB done\n#1 DONE 0.0s\n".to_owned();
    for at in 2..40 {
        text += &format!(
            "#{at} sha256:{} {}.{}MB / 29.13MB {}.1s\n#{at} extracting sha256:{} done\n",
            random.text(HEX, 64),
            random.next() % 29,
            random.next() % 99,
            random.next() % 9,
            random.text(HEX, 64)
        );
    }
    text + "#40 naming to docker.io/library/shop:latest done\n"
}

fn make() -> String {
    let random = &mut Random(28);
    (0..50)
        .map(|_| {
            let name = random.word(&CRATES).replace('-', "_");
            format!("gcc -DHAVE_CONFIG_H -I. -I./include -Wall -Wextra -O2 -g -fPIC -MT {name}.lo -MD -MP -MF .deps/{name}.Tpo -c -o {name}.lo {name}.c\nmake[2]: Entering directory '/home/user/src/{name}'\n")
        })
        .collect()
}

fn webpack() -> String {
    let random = &mut Random(29);
    let chunks: String = (0..40)
        .map(|at| {
            format!(
                "asset {at}.{}.js {}.{} KiB [emitted] [immutable] [minimized] (id hint: vendors)\n",
                random.text(HEX, 20),
                random.next() % 900,
                random.next() % 9
            )
        })
        .collect();
    format!(
        "{chunks}orphan modules 1.21 MiB [orphan] 1420 modules\nruntime modules 6.41 KiB 9 modules\nwebpack 5.98.0 compiled with 2 warnings in 18231 ms\n"
    )
}

fn pytest() -> String {
    let random = &mut Random(30);
    let files: String = (0..40)
        .map(|at| {
            format!(
                "tests/test_{}.py {} [{:3}%]\n",
                random.word(&CRATES).replace('-', "_"),
                "..........F..s....x.."[..10 + random.next() as usize % 11].to_owned(),
                at * 5 / 2
            )
        })
        .collect();
    format!(
        "============================= test session starts ==============================\nplatform linux -- Python 3.11.2, pytest-8.3.4, pluggy-1.5.0\nrootdir: /home/user/shop\ncollected 512 items\n\n{files}\n=================================== FAILURES ===================================\n    def test_token():\n>       assert token(b'x') == 'eA=='\nE       AssertionError: assert 'eA' == 'eA=='\n=========================== short test summary info ============================\nFAILED tests/test_api.py::test_token - AssertionError\n======================== 1 failed, 511 passed in 9.31s =========================\n"
    )
}

const JEST: &str = " PASS  src/components/Login.test.tsx (5.121 s)
  Login
    \u{2713} asks for a password (48 ms)
    \u{2713} hides the password until the eye is pressed (12 ms)
    \u{2715} says when the password is too short (31 ms)
    expect(received).toBe(expected) // Object.is equality
    Expected: \"at least 12 characters\"
    Received: \"at least 8 characters\"
Test Suites: 1 failed, 41 passed, 42 total
Tests:       1 failed, 318 passed, 319 total
";

fn go_test() -> String {
    let random = &mut Random(31);
    let tests: String = (0..50)
        .map(|at| {
            format!(
                "=== RUN   Test{at}/case_{}\n    --- PASS: Test{at}/case_{} (0.{:02}s)\n",
                random.next() % 90,
                random.next() % 90,
                random.next() % 99
            )
        })
        .collect();
    format!(
        "{tests}PASS\ncoverage: 71.3% of statements\nok  \tgithub.com/example/shop/internal/auth\t2.104s\n?   \tgithub.com/example/shop/cmd\t[no test files]\n"
    )
}

fn tap() -> String {
    let random = &mut Random(32);
    (1..=80)
        .map(|at| {
            format!(
                "{} {at} - {} is {}\n  ---\n  duration_ms: {}.{}\n  ...\n",
                if at % 17 == 0 { "not ok" } else { "ok" },
                random.word(&CRATES),
                random.word(&["read", "written", "refused"]),
                random.next() % 99,
                random.next() % 999
            )
        })
        .collect::<String>()
        + "1..80\n"
}

fn coverage() -> String {
    let random = &mut Random(33);
    let rows: String = (0..50)
        .map(|_| {
            format!(
                "src/{:<28} {:>6} {:>6} {:>5}%   {}-{}, {}\n",
                random.word(&CRATES).to_owned() + ".py",
                random.next() % 900,
                random.next() % 90,
                random.next() % 100,
                random.next() % 90,
                90 + random.next() % 90,
                200 + random.next() % 90
            )
        })
        .collect();
    format!(
        "Name                              Stmts   Miss  Cover   Missing\n---------------------------------------------------------------\n{rows}"
    )
}

fn git_log() -> String {
    let random = &mut Random(34);
    (0..80)
        .map(|_| {
            format!(
                "* {} {} ({} days ago) <A U Thor>\n|\\  \n",
                random.text(HEX, 9),
                random.word(&[
                    "Rotate the key once a day",
                    "Merge branch 'main' into token-refresh",
                    "fix: do not print the password",
                    "Bump serde from 1.0.217 to 1.0.218"
                ]),
                random.next() % 400
            )
        })
        .collect()
}

fn git_diff() -> String {
    let random = &mut Random(35);
    (0..20)
        .map(|_| {
            let name = random.word(&CRATES);
            format!("diff --git a/src/{name}.rs b/src/{name}.rs\nindex {}..{} 100644\n--- a/src/{name}.rs\n+++ b/src/{name}.rs\n@@ -{},7 +{},9 @@ impl Session {{\n     let key = keys.get(name)?;\n-    let password = prompt(\"password: \")?;\n+    let password = Secret::new(prompt(\"password: \")?);\n+    drop(key);\n     Ok(())\n", random.text(HEX, 7), random.text(HEX, 7), random.next() % 300, random.next() % 300)
        })
        .collect()
}

const GIT_STATUS: &str = "On branch token-refresh
Your branch is ahead of 'origin/token-refresh' by 3 commits.
Changes not staged for commit:
\tmodified:   src/secrets/production.rs
\tmodified:   \"src/stra\\303\\237e.rs\"
Untracked files:
\t.env.example
\tid_ed25519.pub
no changes added to commit (use \"git add\" and/or \"git commit -a\")
";

fn git_clone() -> String {
    let steps = |what: &str, all: usize| -> String {
        (0..=20)
            .map(|at| format!("{what}: {:3}% ({}/{all})\r", at * 5, at * all / 20))
            .collect()
    };
    format!(
        "Cloning into 'shop'...\n{}\n{}\n{}\n",
        steps("remote: Counting objects", 5183),
        steps("Receiving objects", 18231),
        steps("Resolving deltas", 9411)
    )
}

fn terraform() -> String {
    let random = &mut Random(36);
    (0..20)
        .map(|at| format!("  # aws_db_instance.shop[{at}] will be updated in-place\n  ~ resource \"aws_db_instance\" \"shop\" {{\n        id                 = \"db-{}\"\n      ~ password           = (sensitive value)\n      ~ engine_version     = \"15.{}\" -> \"16.{}\"\n        arn                = \"arn:aws:rds:eu-central-1:{}:db:shop\"\n    }}\n", random.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 26), random.next() % 9, random.next() % 9, random.text(b"0123456789", 12)))
        .collect::<String>()
        + "Plan: 0 to add, 20 to change, 0 to destroy.\n"
}

const TRACES: &str = "Exception in thread \"main\" java.lang.IllegalStateException: no such key: database.password
\tat com.example.shop.Config.get(Config.java:87)
\tat java.base/jdk.internal.reflect.DirectMethodHandleAccessor.invoke(DirectMethodHandleAccessor.java:103)
\t... 12 more
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x48f1a2]
goroutine 17 [chan receive, 2 minutes]:
main.(*Vault).Open(0xc0000b4000, {0x51c3a8, 0x6})
TypeError: Cannot read properties of undefined (reading 'token')
    at Object.<anonymous> (/home/user/shop/dist/auth.js:114:23)
    at Module._compile (node:internal/modules/cjs/loader:1554:14)
thread 'main' panicked at src/main.rs:9:17:
called `Result::unwrap()` on an `Err` value: Os { code: 2, kind: NotFound, message: \"No such file or directory\" }
  KeyError: 'SECRET_KEY'
";

/// What a long build prints, of about so many bytes: of packages, paths, digests, progress.
pub(super) fn long_build(bytes: usize) -> String {
    let random = &mut Random(37);
    let mut text = String::with_capacity(bytes + 400);
    while text.len() < bytes {
        text += &match random.next() % 5 {
            0 => format!(
                "\u{1b}[1m\u{1b}[32m   Compiling\u{1b}[0m {} v{}.{}.{}\n",
                random.word(&CRATES),
                random.next() % 9,
                random.next() % 40,
                random.next() % 200
            ),
            1 => format!(
                "npm http fetch GET 200 https://registry.npmjs.org/{}/-/{}.tgz {}ms (cache hit)\n",
                random.word(&CRATES),
                random.text(HEX, 12),
                random.next() % 900
            ),
            2 => format!(
                "integrity sha512-{}== {}\n",
                random.text(BASE64, 86),
                random.word(&CRATES)
            ),
            3 => format!(
                "Downloading [{:<30}] {}/{} KiB\r",
                "=".repeat(random.next() as usize % 30),
                random.next() % 9000,
                random.next() % 9000
            ),
            _ => format!(
                "rustc --crate-name {} --edition=2021 -C metadata={} -C extra-filename=-{} --out-dir /tmp/{}\n",
                random.word(&CRATES),
                random.text(HEX, 16),
                random.text(HEX, 16),
                random.text(ALNUM, 10)
            ),
        };
    }
    text
}
