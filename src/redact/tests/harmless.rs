//! Outputs that hold no secret keep every byte, whatever the secrets are like.

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
fn secrets() -> Vec<String> {
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

#[track_caller]
fn stays_as_it_is(output: &str) {
    let secrets = secrets();
    let values: Vec<_> = secrets.iter().map(String::as_str).collect();

    let shown = String::from_utf8(redactor(&values).redact(output.as_bytes()))
        .expect("the output stays text");

    for (before, after) in output.lines().zip(shown.lines()) {
        assert_eq!(before, after);
    }
    assert_eq!(output, shown);
}

#[test]
fn a_lock_file_and_a_manifest() {
    stays_as_it_is(include_str!("../../../Cargo.lock"));
    stays_as_it_is(include_str!("../../../Cargo.toml"));
}

#[test]
fn source_code() {
    for text in [
        include_str!("../exempt.rs"),
        include_str!("../exempt/names.txt"),
        include_str!("../exempt/texts.txt"),
        include_str!("../parts.rs"),
        include_str!("../variants/encode.rs"),
        include_str!("../variants/escape.rs"),
    ] {
        stays_as_it_is(&text.replace("correct horse", "").replace("staple", ""));
    }
}

#[test]
fn logs_of_builds_and_tests() {
    stays_as_it_is(
        "\u{1b}[1m\u{1b}[32m   Compiling\u{1b}[0m hushkey v0.1.0 (/home/user/src/hushkey)\n\
         warning: unused variable: `production_database` --> src/application/configuration.rs:17:9\n\
         error[E0308]: mismatched types\n  = note: expected struct `std::collections::HashMap<String, Vec<u8>>`\n\
         test result: ok. 31 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.09s\n\
         npm WARN deprecated har-validator@5.1.5: this library is no longer supported\n\
         added 1423 packages, and audited 1424 packages in 37s\n\
         [INFO] --- maven-compiler-plugin:3.8.1:compile (default-compile) @ production-service ---\n\
         Step 7/12 : RUN apt-get update && apt-get install -y postgresql-client ca-certificates\n\
         ---> 8f3c1b2a9d4e\n\
         goroutine 1 [running]:\nmain.main()\n\t/app/main.go:12 +0x1d\n\
         Traceback (most recent call last):\n  File \"/usr/lib/python3/dist-packages/requests/api.py\", line 61, in request\n",
    );
}

#[test]
fn logs_of_servers_and_databases() {
    stays_as_it_is(
        "10.0.12.7 - - [24/Nov/2026:10:14:07 +0000] \"GET /services/T0/accounts?page=2 HTTP/1.1\" 200 5316 \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"\n\
         {\"ts\":\"2026-11-24T10:14:07.123Z\",\"level\":\"info\",\"msg\":\"connected to postgres://app@db.example.com:5432/production?sslmode=require\"}\n\
         psql (17.2)\nSSL connection (protocol: TLSv1.3, cipher: TLS_AES_256_GCM_SHA384, compression: off)\n\
         ERROR:  password authentication failed for user \"production\"\n\
         Server=db.example.com;Database=shop;User Id=app;Password=;\n\
         AWS_REGION=eu-central-1\nAWS_ACCESS_KEY_ID=\nAWS_SECRET_ACCESS_KEY=\n\
         type: service_account, client_email: robot@shop-1234.iam.gserviceaccount.com, token_uri https://oauth2.googleapis.com/token\n\
         id 00000000-0000-0000-0000-000000000000 and 0123456789 and 1234567890\n",
    );
}

#[test]
fn answers_of_git_and_ssh() {
    let random = &mut Random(5);
    let mut text = String::new();
    for _ in 0..200 {
        text += &format!(
            "commit {}\nAuthor: A U Thor <author@example.com>\nDate:   Tue Nov 24 10:14:07 2026 +0000\n\n",
            random.text(HEX, 40)
        );
    }
    text += "remote: Enumerating objects: 5, done.\nTo https://github.com/example/shop.git\n   609bab4..d0731ee  main -> main\n\
             -----BEGIN OPENSSH PRIVATE KEY-----\n-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n";
    stays_as_it_is(&text);
}

#[test]
fn keys_and_tokens_of_others() {
    let random = &mut Random(6);
    stays_as_it_is(&format!(
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
    ));
}

#[test]
fn encoded_data_of_others() {
    let random = &mut Random(7);
    stays_as_it_is(&random.lines(BASE64, 76, 2000));
    stays_as_it_is(&random.lines(HEX, 64, 2000));
    stays_as_it_is(&random.lines(b"0123456789", 40, 500));
    stays_as_it_is(&random.lines(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 64, 500));
    let codes: String = (0..2000)
        .map(|_| {
            format!(
                "\\u{:04x}\\x{:02x}%{:02X}",
                random.next() % 256,
                random.next() % 256,
                random.next() % 256
            )
        })
        .collect();
    stays_as_it_is(&codes);
    stays_as_it_is(&"t\0e\0x\0t\0 \0i\0n\0 \0t\0w\0o\0 \0b\0y\0t\0e\0s\0".repeat(50));
    stays_as_it_is(&"=".repeat(500));
    stays_as_it_is(&"0123456789".repeat(50));
}

#[test]
fn minified_scripts_and_styles() {
    stays_as_it_is(
        "!function(e,t){\"object\"==typeof exports&&\"undefined\"!=typeof module?t(exports):\"function\"==typeof define&&define.amd?define([\"exports\"],t)}(this,function(e){\"use strict\";var t=\"0123456789abcdefghijklmnopqrstuvwxyz\";e.A=\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\"});\n\
         .a{color:#fff;background:url(data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==)}\n",
    );
}
