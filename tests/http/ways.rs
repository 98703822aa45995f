//! Other ways than clear text on loopback: a Unix socket, TLS, a proxy; and what is refused there.

use std::{
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    binary::{Person, is_there},
    client::{House, Wire},
};

#[test]
fn a_unix_socket_serves_its_user_and_wants_a_token_too() {
    let person = Person::with_stripe();
    let path = person.path("hushkey.sock");
    let house = House::of(person, &["--listen", &format!("unix:{}", path.display())]);
    let codex = house.agent("codex");

    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    let let_in = Wire::to_socket(&path).modern(&codex.token, "tools/list", json!({}));
    let nobody = Wire::to_socket(&path).modern("hka_no", "tools/list", json!({}));

    assert_eq!(mode & 0o777, 0o600);
    assert_eq!((let_in.status, nobody.status), (200, 401));
    assert!(house.turned_away()[0].contains("1 request from the Unix socket"));
    drop(house);
}

#[test]
fn on_a_unix_socket_another_users_process_is_not_listened_to() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can be another user");
        return;
    }
    let person = Person::with_stripe();
    let path = person.path("hushkey.sock");
    let house = House::of(person, &["--listen", &format!("unix:{}", path.display())]);
    let codex = house.agent("codex");
    // As if directory and socket were open to all: then the system lets everybody in, and the server has to look.
    let open = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    open(path.parent().unwrap(), 0o755);
    open(&path, 0o666);
    let asks_as = |user: u32| {
        let mut command = Command::new("/proc/self/exe");
        command
            .args([
                "--exact",
                "ways::what_another_users_process_does",
                "--ignored",
                "--nocapture",
            ])
            .env("HUSHKEY_TEST_SOCKET", &path)
            .env("HUSHKEY_TEST_TOKEN", &codex.token)
            .current_dir("/");
        if user != 0 {
            command.uid(user).gid(user);
        }
        command.output()
    };

    let own = asks_as(0).unwrap();
    let foreign = match asks_as(65534) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            eprintln!("SKIPPED: another user can't run this program where it lies");
            return;
        }
        other => other.unwrap(),
    };

    let told = |ran: &std::process::Output| String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(
        told(&own).contains("answered: HTTP/1.1 200"),
        "the control: {own:?}"
    );
    assert!(told(&foreign).contains("answered: nothing"), "{foreign:?}");
    let log = house.turned_away();
    assert!(
        log.iter().any(|line| line.contains("another user")),
        "{log:?}"
    );
}

#[test]
#[ignore = "the part of another user's process in the test above"]
fn what_another_users_process_does() {
    let socket = std::env::var("HUSHKEY_TEST_SOCKET").unwrap();
    let token = std::env::var("HUSHKEY_TEST_TOKEN").unwrap();
    let mut wire = Wire::to_socket(Path::new(&socket));

    wire.modern_without_reading(&token, "tools/list", json!({}));

    let line = wire.line();
    let answered = if line.is_empty() { "nothing" } else { &line };
    println!("answered: {answered}");
}

#[test]
fn beyond_loopback_nothing_is_served_in_clear() {
    let person = Person::with_stripe();
    let serve = |more: &[&str]| {
        let words = [&["serve", "--listen", "0.0.0.0:0"][..], more].concat();
        let mut command = Command::new("timeout");
        let plain = person.command(words);
        command
            .arg("5")
            .arg(plain.get_program())
            .args(plain.get_args());
        command.env("HUSHKEY_HOME", person.home());
        person.runs(&mut command)
    };

    let open = serve(&[]).ends_with(3);
    let nameless = serve(&["--behind-proxy"]).ends_with(2);

    assert!(
        open.stderr.contains("tokens would travel in clear"),
        "{}",
        open.stderr
    );
    assert!(
        nameless.stderr.contains("--allow-host"),
        "{}",
        nameless.stderr
    );
}

#[test]
fn behind_a_proxy_its_word_counts_and_no_program_is_run() {
    let house = House::serving(&["--behind-proxy", "--allow-host", "vault.example.com"]);
    let codex = house.agent("codex");
    let named = |token: &str, wire: &mut Wire<std::net::TcpStream>| {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": "run_command", "arguments": { "command": ["true"], "cwd": house.work() }, "_meta": crate::client::meta() } });
        let bearer = crate::client::bearer(token);
        let headers = [
            ("host", "vault.example.com"),
            ("x-forwarded-for", "6.6.6.6, 203.0.113.7"),
            ("authorization", &*bearer),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", "run_command"),
        ];
        wire.post(&headers, &message)
    };

    let ran = named(&codex.token, &mut house.wire()).message();
    let vaults = codex.call("list_vaults", json!({}));
    named("hka_no", &mut house.wire());

    let told = ran["result"]["content"][0]["text"].as_str().unwrap();
    assert!(told.contains("runs no programs for anybody"), "{told}");
    assert_eq!(vaults["isError"], false);
    let log = house.person.types(["log", "--json"]).succeeds().json();
    let log = log.as_array().unwrap();
    let denied = log.iter().find(|it| it["action"] == "run_command").unwrap();
    assert_eq!(denied["client"], "[http 203.0.113.7] raw 1");
    assert!(
        denied["sentence"]
            .as_str()
            .unwrap()
            .contains("beyond this machine")
    );
    assert!(house.turned_away()[0].contains("from 203.0.113.7"));
}

#[test]
fn over_tls_the_same_is_answered() {
    if !is_there("openssl") || !is_there("curl") {
        return;
    }
    let person = Person::with_stripe();
    let (key, certificate) = (person.path("key.pem"), person.path("cert.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ])
        .args([
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let tls = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--tls-cert",
        certificate.to_str().unwrap(),
        "--tls-key",
        key.to_str().unwrap(),
    ];
    let exposed = person.types(tls).ends_with(5);
    assert!(exposed.stderr.contains("chmod"), "{}", exposed.stderr);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let house = House::of(person, &tls[1..]);
    let codex = house.agent("codex");

    let curl = |scheme: &str, method: &str, mut params: Value| {
        params["_meta"] = crate::client::meta();
        Command::new("curl")
            .args([
                "-sS",
                "-m",
                "10",
                "--noproxy",
                "*",
                "--cacert",
                certificate.to_str().unwrap(),
            ])
            .args(["-H", "content-type: application/json"])
            .args(["-H", "accept: application/json, text/event-stream"])
            .args(["-H", &format!("authorization: Bearer {}", codex.token)])
            .args([
                "-H",
                "mcp-protocol-version: 2026-07-28",
                "-H",
                "mcp-name: run_command",
            ])
            .args(["-H", &format!("mcp-method: {method}")])
            .args([
                "-d",
                &json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
                    .to_string(),
            ])
            .arg(format!("{scheme}://{}/mcp", house.address))
            .output()
            .unwrap()
    };
    let encrypted = curl("https", "tools/list", json!({}));
    let clear = curl("http", "tools/list", json!({}));
    let prints = json!({ "command": ["cat", key.to_str().unwrap()], "cwd": house.work() });
    let printed = json!({ "name": "run_command", "arguments": prints });
    let printed = curl("https", "tools/call", printed);

    let told = String::from_utf8_lossy(&encrypted.stdout);
    assert!(
        told.contains("run_command"),
        "{told}{}",
        String::from_utf8_lossy(&encrypted.stderr)
    );
    assert!(!clear.status.success(), "clear text is not answered");
    let told = String::from_utf8_lossy(&printed.stdout);
    let text = std::fs::read_to_string(&key).unwrap();
    let secret = text.lines().nth(1).unwrap();
    assert!(told.contains("<concealed:the server's TLS key>"), "{told}");
    assert!(!told.contains(secret), "{told}");
}
