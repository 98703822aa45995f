//! Outputs that hold no secret keep every byte, whatever the secrets are like.

mod builds;
mod machines;

use super::redactor;

/// A generator of numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length)
            .map(|_| char::from(alphabet[self.next() as usize % alphabet.len()]))
            .collect()
    }

    fn word(&mut self, words: &[&'static str]) -> &'static str {
        words[self.next() as usize % words.len()]
    }

    fn lines(&mut self, alphabet: &[u8], width: usize, count: usize) -> String {
        (0..count)
            .map(|_| self.text(alphabet, width) + "\n")
            .collect()
    }
}

const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const ALNUM: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &[u8] = b"0123456789abcdef";

/// One secret of each kind that people have.
pub(in crate::redact) fn secrets() -> Vec<String> {
    let random = &mut Random(11);
    let body = random.lines(BASE64, 64, 24);
    vec![
        format!("sk_live_51{}", random.text(ALNUM, 90)),
        format!("ghp_{}", random.text(ALNUM, 36)),
        format!("github_pat_{}", random.text(ALNUM, 70)),
        format!(
            "AKIA{}",
            random.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)
        ),
        random.text(BASE64, 40),
        random.text(HEX, 64),
        format!(
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{}.{}",
            random.text(ALNUM, 80),
            random.text(ALNUM, 43)
        ),
        "correct horse battery staple".to_owned(),
        "Tr0ub4dor&3-\"quoted\" 'single' <b>".to_owned(),
        "4242424242424242".to_owned(),
        "production-database-password".to_owned(),
        format!(
            "postgres://app:{}@db.example.com:5432/production?sslmode=require",
            random.text(ALNUM, 24)
        ),
        format!(
            "https://hooks.slack.com/services/T024BE7LD/B0241/{}",
            random.text(ALNUM, 24)
        ),
        format!(
            "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ{body}-----END PRIVATE KEY-----\n"
        ),
        format!(
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n{}-----END OPENSSH PRIVATE KEY-----\n",
            random.lines(BASE64, 70, 5)
        ),
        format!(
            "{{\"type\":\"service_account\",\"project_id\":\"shop-1234\",\"private_key_id\":\"{}\",\"private_key\":\"-----BEGIN PRIVATE KEY-----\\n{}\\n-----END PRIVATE KEY-----\\n\",\"client_email\":\"robot@shop-1234.iam.gserviceaccount.com\",\"token_uri\":\"https://oauth2.googleapis.com/token\"}}",
            random.text(HEX, 40),
            random.text(BASE64, 1600)
        ),
        format!(
            "Server=db.example.com;Database=shop;User Id=app;Password={};",
            random.text(ALNUM, 20)
        ),
        format!(
            "AWS_REGION=eu-central-1\nAWS_ACCESS_KEY_ID=AKIA{}\nAWS_SECRET_ACCESS_KEY={}\n",
            random.text(ALNUM, 16),
            random.text(BASE64, 40)
        ),
    ]
}

/// Outputs that hold none of the secrets, with names.
pub(in crate::redact) fn outputs() -> Vec<(&'static str, Vec<u8>)> {
    let texts = patterns().into_iter().chain(builds::outputs());
    let texts = texts.map(|(name, text)| (name, text.into_bytes()));
    texts.chain(machines::outputs()).collect()
}

fn patterns() -> Vec<(&'static str, String)> {
    vec![
        (
            "a lock file",
            include_str!("../../../Cargo.lock").to_owned(),
        ),
        ("a manifest", include_str!("../../../Cargo.toml").to_owned()),
        (
            "source code",
            include_str!("../variants/escape.rs").to_owned(),
        ),
        (
            "the written lists",
            [
                include_str!("../exempt/names.txt"),
                include_str!("../exempt/texts.txt"),
            ]
            .concat(),
        ),
        ("builds", BUILDS.to_owned()),
        ("servers", SERVERS.to_owned()),
        ("scripts", SCRIPTS.to_owned()),
        ("git", git()),
        ("keys of others", keys_of_others()),
        ("base64 of others", Random(7).lines(BASE64, 76, 800)),
        ("hexadecimal of others", Random(8).lines(HEX, 64, 800)),
        ("digits", Random(9).lines(b"0123456789", 40, 400)),
        (
            "base32 of others",
            Random(10).lines(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 64, 400),
        ),
        ("a dump", dump()),
        ("codes", codes()),
        ("numbers", (0..4000).map(|i| format!("{i}, ")).collect()),
        (
            "UTF-16",
            "t\0e\0x\0t\0 \0i\0n\0 \0t\0w\0o\0 \0b\0y\0t\0e\0s\0".repeat(50),
        ),
        ("a rule", "=".repeat(500)),
        (
            "counting",
            "0123456789abcdefghijklmnopqrstuvwxyz".repeat(50),
        ),
    ]
}

const BUILDS: &str =
    "\u{1b}[1m\u{1b}[32m   Compiling\u{1b}[0m hushkey v0.1.0 (/home/user/src/hushkey)
warning: unused variable: `production_database` --> src/application/configuration.rs:17:9
error[E0308]: mismatched types
  = note: expected struct `std::collections::HashMap<String, Vec<u8>>`
test result: ok. 31 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.09s
npm WARN deprecated har-validator@5.1.5: this library is no longer supported
added 1423 packages, and audited 1424 packages in 37s
[INFO] --- maven-compiler-plugin:3.8.1:compile (default-compile) @ production-service ---
Step 7/12 : RUN apt-get update && apt-get install -y postgresql-client ca-certificates
---> 8f3c1b2a9d4e
goroutine 1 [running]:
main.main()
\t/app/main.go:12 +0x1d
Traceback (most recent call last):
  File \"/usr/lib/python3/dist-packages/requests/api.py\", line 61, in request
 \u{1b}[32m✔\u{1b}[39m 128 of 128 tests passed (x^2 + x^3 = x^2(1 + x))
";

const SERVERS: &str = "10.0.12.7 - - [24/Nov/2026:10:14:07 +0000] \"GET /services/T0/accounts?page=2 HTTP/1.1\" 200 5316 \"-\" \"Mozilla/5.0 (X11)\"
{\"ts\":\"2026-11-24T10:14:07.123Z\",\"msg\":\"connected to postgres://app@db.example.com:5432/production?sslmode=require\"}
psql (17.2)
SSL connection (protocol: TLSv1.3, cipher: TLS_AES_256_GCM_SHA384, compression: off)
ERROR:  password authentication failed for user \"production\"
Server=db.example.com;Database=shop;User Id=app;Password=;
AWS_REGION=eu-central-1
AWS_ACCESS_KEY_ID=
AWS_SECRET_ACCESS_KEY=
type: service_account, client_email: robot@shop-1234.iam.gserviceaccount.com, token_uri https://oauth2.googleapis.com/token
id 00000000-0000-0000-0000-000000000000 and 0123456789 and 1234567890
";

const SCRIPTS: &str = "!function(e,t){\"object\"==typeof exports&&\"undefined\"!=typeof module?t(exports):\"function\"==typeof define&&define.amd?define([\"exports\"],t)}(this,function(e){\"use strict\";var t=\"0123456789abcdefghijklmnopqrstuvwxyz\";e.A=\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\"});
.a{color:#fff;background:url(data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==)}
";

fn git() -> String {
    let random = &mut Random(5);
    let mut text = String::new();
    for _ in 0..200 {
        text += &format!(
            "commit {}\nAuthor: A U Thor <author@example.com>\nDate:   Tue Nov 24 10:14:07 2026 +0000\n\n",
            random.text(HEX, 40)
        );
    }
    text + "To https://github.com/example/shop.git\n   609bab4..d0731ee  main -> main\n\
            -----BEGIN OPENSSH PRIVATE KEY-----\n-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"
}

fn keys_of_others() -> String {
    let random = &mut Random(6);
    format!(
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA{}-----END PUBLIC KEY-----\n\
         MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ{}\n\
         ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{} user@host\n\
         ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ{} user@host\n\
         eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{}.{}\n\
         ghp_{} github_pat_{} sk_live_{} AKIA{}\n",
        random.lines(BASE64, 64, 5),
        random.text(BASE64, 100),
        random.text(BASE64, 43),
        random.text(BASE64, 300),
        random.text(ALNUM, 80),
        random.text(ALNUM, 43),
        random.text(ALNUM, 36),
        random.text(ALNUM, 60),
        random.text(ALNUM, 60),
        random.text(ALNUM, 16),
    )
}

fn dump() -> String {
    let random = &mut Random(12);
    (0..400)
        .map(|i| {
            let bytes: String = (0..16)
                .map(|_| format!(" {:02x}", random.next() % 256))
                .collect();
            format!("{:08x} {bytes}  |{}|\n", i * 16, random.text(ALNUM, 16))
        })
        .collect()
}

fn codes() -> String {
    let random = &mut Random(13);
    let code = |random: &mut Random| random.next() % 256;
    (0..2000)
        .map(|_| {
            format!(
                "\\u{:04x}\\x{:02x}%{:02X}",
                code(random),
                code(random),
                code(random)
            )
        })
        .collect()
}

#[test]
fn harmless_outputs_keep_every_byte() {
    let secrets = secrets();
    let values: Vec<_> = secrets.iter().map(String::as_str).collect();
    let redactor = redactor(&values);

    let outputs = outputs();
    for (name, output) in &outputs {
        let shown = redactor.redact(output);

        let lines = |text: &[u8]| {
            text.split(|byte| *byte == b'\n')
                .map(<[u8]>::to_vec)
                .collect::<Vec<_>>()
        };
        for (before, after) in lines(output).iter().zip(&lines(&shown)) {
            assert_eq!(
                String::from_utf8_lossy(before),
                String::from_utf8_lossy(after),
                "{name}"
            );
        }
        assert!(*output == shown, "{name}");
    }

    assert!(
        outputs.len() >= 45,
        "the control: only {} outputs",
        outputs.len()
    );
}

#[test]
fn of_five_megabytes_of_a_build_only_the_secrets_are_concealed() {
    let secrets = secrets();
    let values: Vec<_> = secrets.iter().map(String::as_str).collect();
    let redactor = redactor(&values);
    let build = builds::long_build(5 << 20);
    let places: Vec<usize> = (1..60)
        .map(|at| at * 87_001)
        .map(|at| at + build[at..].find('\n').unwrap_or_default() + 1)
        .collect();
    let planted = &secrets[1];

    let (mut with_secrets, mut expected, mut last) = (String::new(), String::new(), 0);
    for place in places {
        for (text, shown) in [
            (&mut with_secrets, planted.as_str()),
            (&mut expected, "<concealed:op://v/i/1>"),
        ] {
            *text += &build[last..place];
            *text += &format!("token: {shown}\n");
        }
        last = place;
    }
    with_secrets += &build[last..];
    expected += &build[last..];
    let mut shown = Vec::new();
    let mut stream = redactor.stream();
    for chunk in with_secrets.as_bytes().chunks(64 * 1024) {
        stream.push(chunk, &mut shown);
    }
    let counts = stream.finish(&mut shown);

    assert_eq!(counts["op://v/i/1"], 59);
    assert!(
        expected.as_bytes() == shown,
        "the bytes round the secrets are others"
    );
}
