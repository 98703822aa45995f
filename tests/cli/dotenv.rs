//! A real `.env` goes in, references stay in its place, and a program with the values still does its work.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    thread,
};

use insta::assert_snapshot;

use crate::binary::{Person, is_there};

const PASSWORD: &str = "canary pa$$word \\ with #hash";
const SESSION: &str = "canary-session-7gB2qX9w";
const PEM_LINE: &str = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQcanary";

/// Thirty lines as people write them.
fn dotenv() -> String {
    format!(
        r#"# Shop, development. Copy to .env and fill in.
NODE_ENV=development
export PORT=3000
DEBUG=true
LOG_LEVEL=info   # or debug

## Database
DB_HOST="localhost"
DB_PORT = 5432
DB_USER=shop
DB_PASSWORD='{PASSWORD}'
DATABASE_URL=postgres://${{DB_USER}}:${{DB_PASSWORD}}@$DB_HOST:$DB_PORT/shop
REDIS_URL=redis://localhost:6379/0
REPLICA_URL=postgres://shop:canary-replica-33@replica/shop

# Payments
STRIPE_SECRET_KEY=sk_live_canary51H8xQ2eZvKYlo2C
STRIPE_WEBHOOK_SECRET="whsec_canary_8Qm3"
SENTRY_DSN=
FEATURES={{"beta":true,"limit":3}}
EMPTY_QUOTED=""

TLS_KEY="-----BEGIN PRIVATE KEY-----
{PEM_LINE}
-----END PRIVATE KEY-----"
export SESSION_SECRET={SESSION}
GREETING="Hello, \"you\"\nsecond line"
TIMEOUT_MS=1500
API_BASE=https://api.example.com/v1
SMTP_PASSWORD=canary=with=equals=aB3
"#
    )
}

fn imported() -> Person {
    let person = Person::with_stripe();
    let path = person.writes(".env", &dotenv());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    person
}

const IMPORT: [&str; 8] = [
    "import",
    "dotenv",
    ".env",
    "--vault",
    "Dev",
    "--title",
    "shop",
    "--rewrite",
];

#[test]
fn thirty_lines_go_in_and_references_stay() {
    let person = imported();
    assert!(dotenv().lines().count() >= 30, "the control");

    let told = person.types(IMPORT).succeeds();

    assert_snapshot!(told.shown(), @"
    LINE  NAME                   BECAME                             REFERENCE
    2     NODE_ENV               plain                              op://Dev/shop/NODE_ENV
    3     PORT                   plain                              op://Dev/shop/PORT
    4     DEBUG                  plain                              op://Dev/shop/DEBUG
    5     LOG_LEVEL              plain                              op://Dev/shop/LOG_LEVEL
    8     DB_HOST                plain                              op://Dev/shop/DB_HOST
    9     DB_PORT                plain                              op://Dev/shop/DB_PORT
    10    DB_USER                concealed                          op://Dev/shop/DB_USER
    11    DB_PASSWORD            concealed                          op://Dev/shop/DB_PASSWORD
    12    DATABASE_URL           stays: is made of other variables
    13    REDIS_URL              plain                              op://Dev/shop/REDIS_URL
    14    REPLICA_URL            concealed                          op://Dev/shop/REPLICA_URL
    17    STRIPE_SECRET_KEY      concealed                          op://Dev/shop/STRIPE_SECRET_KEY
    18    STRIPE_WEBHOOK_SECRET  concealed                          op://Dev/shop/STRIPE_WEBHOOK_SECRET
    19    SENTRY_DSN             stays: has no value
    20    FEATURES               concealed                          op://Dev/shop/FEATURES
    21    EMPTY_QUOTED           stays: has no value
    23    TLS_KEY                concealed                          op://Dev/shop/TLS_KEY
    26    SESSION_SECRET         concealed                          op://Dev/shop/SESSION_SECRET
    27    GREETING               concealed                          op://Dev/shop/GREETING
    28    TIMEOUT_MS             plain                              op://Dev/shop/TIMEOUT_MS
    29    API_BASE               plain                              op://Dev/shop/API_BASE
    30    SMTP_PASSWORD          concealed                          op://Dev/shop/SMTP_PASSWORD
    19 values are in shop in vault Dev ([id], version 1).
    The file holds references now. What it held may still be in backups and in version control: rotate what was there.
    ");
    let rewritten = fs::read_to_string(person.path(".env")).unwrap();
    assert_snapshot!(rewritten, @r#"
    # Shop, development. Copy to .env and fill in.
    NODE_ENV=op://Dev/shop/NODE_ENV
    export PORT=op://Dev/shop/PORT
    DEBUG=op://Dev/shop/DEBUG
    LOG_LEVEL=op://Dev/shop/LOG_LEVEL   # or debug

    ## Database
    DB_HOST="op://Dev/shop/DB_HOST"
    DB_PORT = op://Dev/shop/DB_PORT
    DB_USER=op://Dev/shop/DB_USER
    DB_PASSWORD='op://Dev/shop/DB_PASSWORD'
    DATABASE_URL=postgres://${DB_USER}:${DB_PASSWORD}@$DB_HOST:$DB_PORT/shop
    REDIS_URL=op://Dev/shop/REDIS_URL
    REPLICA_URL=op://Dev/shop/REPLICA_URL

    # Payments
    STRIPE_SECRET_KEY=op://Dev/shop/STRIPE_SECRET_KEY
    STRIPE_WEBHOOK_SECRET="op://Dev/shop/STRIPE_WEBHOOK_SECRET"
    SENTRY_DSN=
    FEATURES=op://Dev/shop/FEATURES
    EMPTY_QUOTED=""

    TLS_KEY="op://Dev/shop/TLS_KEY"
    export SESSION_SECRET=op://Dev/shop/SESSION_SECRET
    GREETING="op://Dev/shop/GREETING"
    TIMEOUT_MS=op://Dev/shop/TIMEOUT_MS
    API_BASE=op://Dev/shop/API_BASE
    SMTP_PASSWORD=op://Dev/shop/SMTP_PASSWORD
    "#);
    for text in [&rewritten, &told.stdout, &told.stderr] {
        assert!(!text.contains("canary"), "{text}");
    }
    assert_eq!(
        fs::metadata(person.path(".env"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o640
    );
    let beside = fs::read_dir(person.path("")).unwrap().flatten();
    assert_eq!(
        beside
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(".hushkey"))
            .count(),
        0
    );
}

#[test]
fn a_second_import_finds_nothing_to_do() {
    let person = imported();
    person.types(IMPORT).succeeds();
    let before = fs::read(person.path(".env")).unwrap();

    let again = person.types(IMPORT).succeeds();

    assert!(
        again.stdout.ends_with("Nothing was there to import.\n"),
        "{}",
        again.stdout
    );
    assert_eq!(fs::read(person.path(".env")).unwrap(), before);
}

#[test]
fn a_title_that_is_taken_is_refused_and_the_file_left_alone() {
    let person = imported();
    person.types(&IMPORT[..7]).succeeds();

    let refused = person.types(IMPORT).ends_with(1);
    assert_snapshot!(refused.said(), @"hushkey: there is an item `shop` in the vault already; --update puts the values into it, another --title makes another");
    assert_eq!(fs::read_to_string(person.path(".env")).unwrap(), dotenv());

    person
        .types([&IMPORT[..], &["--update"]].concat())
        .succeeds();
    assert!(
        !fs::read_to_string(person.path(".env"))
            .unwrap()
            .contains("canary")
    );
    assert_eq!(
        person
            .types(["read", "-n", "op://Dev/shop/SESSION_SECRET"])
            .stdout,
        SESSION
    );
}

#[test]
fn a_link_stays_a_link_and_its_file_is_rewritten() {
    let person = imported();
    fs::rename(person.path(".env"), person.path("real.env")).unwrap();
    std::os::unix::fs::symlink("real.env", person.path(".env")).unwrap();

    person.types(IMPORT).succeeds();

    assert!(
        fs::symlink_metadata(person.path(".env"))
            .unwrap()
            .is_symlink()
    );
    assert!(
        fs::read_to_string(person.path("real.env"))
            .unwrap()
            .contains("op://Dev/shop/DB_PASSWORD")
    );
}

#[test]
fn values_come_back_as_they_went_in() {
    let person = imported();
    let before = person
        .types([
            "run",
            "--no-masking",
            "--env-file",
            ".env",
            "--",
            "env",
            "-0",
        ])
        .succeeds();
    person.types(IMPORT).succeeds();

    let after = person
        .types([
            "run",
            "--no-masking",
            "--env-file",
            ".env",
            "--",
            "env",
            "-0",
        ])
        .succeeds();

    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.split('\0').map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert!(
        before.stdout.contains(PASSWORD) && before.stdout.contains(PEM_LINE),
        "the control"
    );
    assert_eq!(sorted(&after.stdout), sorted(&before.stdout));
}

/// A server on loopback that knows one session: it says who asked with it.
fn server() -> (u16, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut request = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim_end().is_empty() {
                break;
            }
            request.push(line.trim_end().to_owned());
        }
        let known = request
            .iter()
            .any(|line| line.eq_ignore_ascii_case(&format!("authorization: Bearer {SESSION}")));
        let (status, body) = if known {
            ("200 OK", "welcome")
        } else {
            ("401 Unauthorized", "who are you")
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let mut stream = stream;
        stream.write_all(answer.as_bytes()).unwrap();
        request
    });
    (port, serving)
}

/// The program logged in, and all of its environment came out concealed.
fn logged_in(stdout: &str, request: &[String]) {
    assert!(
        request.iter().any(|line| line.contains(SESSION)),
        "the server got the real value"
    );
    assert!(stdout.contains("welcome"), "{stdout}");
    assert!(
        stdout.contains("SESSION_SECRET=<concealed:op://Dev/shop/SESSION_SECRET>"),
        "{stdout}"
    );
    assert!(stdout.contains("NODE_ENV="), "{stdout}");
    assert!(!stdout.contains("canary"), "{stdout}");
    // The URL was made of the password and other variables.
    assert!(
        stdout.contains(":<concealed:op://Dev/shop/DB_PASSWORD>@"),
        "{stdout}"
    );
}

#[test]
fn a_python_program_logs_in_and_prints_nothing_of_it() {
    if !is_there("python3") {
        return;
    }
    let person = imported();
    person.types(IMPORT).succeeds();
    let (port, serving) = server();
    let program = format!(
        r#"
import os, urllib.request
request = urllib.request.Request("http://127.0.0.1:{port}/login",
    headers={{"Authorization": "Bearer " + os.environ["SESSION_SECRET"]}})
print(urllib.request.build_opener(urllib.request.ProxyHandler({{}})).open(request, timeout=20).read().decode())
for name, value in sorted(os.environ.items()):
    print(f"{{name}}={{value}}")
"#
    );

    let ran = person
        .types(["run", "--env-file", ".env", "--", "python3", "-c", &program])
        .succeeds();

    logged_in(&ran.stdout, &serving.join().unwrap());
}

#[test]
fn a_shell_script_logs_in_and_prints_nothing_of_it() {
    if !is_there("bash") {
        return;
    }
    let person = imported();
    person.types(IMPORT).succeeds();
    let (port, serving) = server();
    // Nothing but the shell itself: its own sockets.
    let script = format!(
        r#"exec 3<>/dev/tcp/127.0.0.1/{port}
printf 'GET /login HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n' "$SESSION_SECRET" >&3
cat <&3; echo; env"#
    );

    let ran = person
        .types(["run", "--env-file", ".env", "--", "bash", "-c", &script])
        .succeeds();

    logged_in(&ran.stdout, &serving.join().unwrap());
}
