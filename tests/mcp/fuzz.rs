//! Messages that were mangled: the server lives, answers the next right one, and repeats nothing of what it was sent.
//!
//! The dice are loaded, so that each run throws the same; `HUSHKEY_FUZZ_MESSAGES` says how many are thrown over each way.
//! It is some thousands unless told otherwise: `tests/mcp/fuzz.sh` throws a million.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hushkey::mcp::Endpoint;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    sync::watch,
};

use crate::{
    desk::{Setup, meta},
    fake_vault::FakeVault,
};
use dice::{Dice, mangled};
use messages::{CANARY, Letter, initialize, letters};

#[path = "fuzz/dice.rs"]
mod dice;
#[path = "fuzz/messages.rs"]
mod messages;

/// Mangled messages over each way when nothing else is said.
const USUAL: u64 = 10_000;
/// Mangled messages for one server: then another begins, whose vault is as the first's was.
const FOR_ONE: u64 = 10_000;
/// Mangled messages between two right ones.
const BETWEEN: u64 = 50;
/// How long the answer to a right message may take: a loaded machine is slow, a hang is for ever.
const SOON: Duration = Duration::from_secs(60);
/// How long is listened to a stream that may stay open.
const A_MOMENT: Duration = Duration::from_millis(20);

/// An agent that may do all to items, so that what was mangled gets far; and run nothing.
const POLICY: &str = r#"
[agents.tester]
confirm = []

[agents.tester.vaults]
Dev = "full"

[agents.tester.environments]
staging = "write"
"#;

fn setup() -> Setup {
    let stripe = [
        ("username", "STRING", "ops"),
        ("secret key", "CONCEALED", CANARY),
    ];
    let vault = FakeVault::new().vault("Dev").item("Stripe", &stripe);
    Setup::under(vault, POLICY).patience(Duration::from_millis(1))
}

fn wanted() -> u64 {
    let said = std::env::var("HUSHKEY_FUZZ_MESSAGES").ok();
    said.map_or(USUAL, |it| it.parse().expect("a number of messages"))
}

/// How many messages each server gets, with a seed of its own.
fn servers() -> impl Iterator<Item = (u64, u64)> {
    let all = wanted();
    (0..all.div_ceil(FOR_ONE)).map(move |it| (it + 1, FOR_ONE.min(all - it * FOR_ONE)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_written_to_its_pipe_the_server_answers_the_next_right_message() {
    let mut seen = Seen::default();
    for (seed, count) in servers() {
        seen.add(written_to_a_pipe(seed, count).await);
    }
    seen.is_a_mixture("over a pipe");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_posted_to_it_the_server_answers_the_next_right_message() {
    let mut seen = Seen::default();
    for (seed, count) in servers() {
        seen.add(posted(seed, count).await);
    }
    seen.is_a_mixture("over HTTP");
}

#[test]
fn a_message_that_repeats_what_it_was_sent_is_seen() {
    assert!(repeats(
        &json!({ "id": 1, "result": { "x": [format!("a {CANARY}")] } })
    ));
    assert!(repeats(
        &json!({ "id": 1, "error": { "code": 1, "message": CANARY } })
    ));
    assert!(!repeats(
        &json!({ "id": CANARY, "result": { "progressToken": CANARY, "x": ["y"] } })
    ));
}

async fn written_to_a_pipe(seed: u64, count: u64) -> Seen {
    let (ours, theirs) = tokio::io::duplex(1024 * 1024);
    let server = setup().serve(theirs);
    let (reader, mut writer) = tokio::io::split(ours);
    let (tell, mut last) = watch::channel(0);
    let reading = tokio::spawn(async move {
        let mut lines = BufReader::new(reader).lines();
        let mut seen = Seen::default();
        while let Some(line) = lines.next_line().await.expect("UTF-8") {
            let message: Value = serde_json::from_str(&line).expect("JSON");
            seen.take(&message);
            if let Some(number) = right_one(&message) {
                let _ = tell.send(number);
            }
        }
        seen
    });
    let letters = letters();
    let mut dice = Dice::loaded(seed);

    for sent in 1..=count {
        let letter = dice.one_of(&letters);
        let mut line = mangled(&mut dice, &letter.message);
        line.push(b'\n');
        writer.write_all(&line).await.expect("the server listens");
        if sent % BETWEEN == 0 || sent == count {
            let right = format!("{}\n", a_right_one(sent));
            writer
                .write_all(right.as_bytes())
                .await
                .expect("the server listens");
            let answered = last.wait_for(|number| *number == sent);
            let answered = tokio::time::timeout(SOON, answered).await;
            answered
                .unwrap_or_else(|_| panic!("seed {seed}: silence after message {sent}"))
                .expect("the server lives");
        }
    }
    drop((server, writer));
    reading.await.expect("nothing was repeated")
}

async fn posted(seed: u64, count: u64) -> Seen {
    let (endpoint, _end, _home) = setup().endpoint();
    let letters = letters();
    let mut dice = Dice::loaded(seed);
    let mut seen = Seen::default();
    let mut session = begin(&endpoint).await;

    for sent in 1..=count {
        let letter = dice.one_of(&letters);
        let mut body = mangled(&mut dice, &letter.message);
        if dice.below(20) == 0 {
            body.extend_from_slice(&mangled(&mut dice, &letter.message));
        }
        for message in post(&endpoint, letter, &session, body).await {
            seen.take(&message);
        }
        if sent % BETWEEN == 0 || sent == count {
            let message = a_right_one(sent);
            let right = Letter::of(message.clone());
            let told = post(
                &endpoint,
                &right,
                &session,
                message.to_string().into_bytes(),
            );
            let told = tokio::time::timeout(SOON, told).await;
            let told = told.unwrap_or_else(|_| panic!("seed {seed}: silence after {sent}"));
            assert_eq!(
                told.iter().find_map(right_one),
                Some(sent),
                "seed {seed}: {told:?}"
            );
            session = begin(&endpoint).await;
        }
    }
    seen
}

/// Sends a body with the headers that its letter had before it was mangled; the messages that come back at once.
async fn post(endpoint: &Endpoint, letter: &Letter, session: &str, body: Vec<u8>) -> Vec<Value> {
    let mut request = Request::post("/mcp")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    if letter.is_modern() {
        request = request.header("mcp-protocol-version", "2026-07-28");
        request = request.header("mcp-method", letter.method());
        if let Some(name) = letter.name() {
            request = request.header("mcp-name", name);
        }
    } else if letter.method() != "initialize" {
        request = request.header("mcp-session-id", session);
    }
    let request = request.body(Full::<Bytes>::from(body)).expect("a request");
    let (head, mut body) = endpoint.answer(request).await.into_parts();
    let kind = head.headers.get("content-type");
    let stands_open = kind.is_some_and(|it| it.as_bytes().starts_with(b"text/event-stream"));
    // Streams that stand open are closed by their client, after a look.
    let patience = if stands_open { A_MOMENT } else { SOON };
    let mut text = Vec::new();
    while let Ok(Some(frame)) = tokio::time::timeout(patience, body.frame()).await {
        let Ok(frame) = frame;
        text.extend(frame.into_data().unwrap_or_default());
    }
    let text = String::from_utf8(text).expect("UTF-8");
    let events = text
        .lines()
        .map(|line| line.strip_prefix("data:").unwrap_or(line));
    events
        .filter_map(|it| serde_json::from_str(it.trim()).ok())
        .collect()
}

async fn begin(endpoint: &Endpoint) -> String {
    let request = Request::post("/mcp")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .body(Full::<Bytes>::from(initialize().to_string()))
        .expect("a request");
    let answer = endpoint.answer(request).await;
    let (head, body) = answer.into_parts();
    let Some(session) = head.headers.get("mcp-session-id") else {
        let body = body.collect().await.expect("a body").to_bytes();
        panic!(
            "no session but {} {}",
            head.status,
            String::from_utf8_lossy(&body)
        );
    };
    let session = session.to_str().expect("ASCII").to_owned();
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let body = ready.to_string().into_bytes();
    post(endpoint, &Letter::of(ready), &session, body).await;
    session
}

/// A message that has to be answered, with a number in its id.
fn a_right_one(number: u64) -> Value {
    let params = json!({ "name": "list_vaults", "arguments": {}, "_meta": meta() });
    json!({ "jsonrpc": "2.0", "id": format!("right {number}"), "method": "tools/call", "params": params })
}

fn right_one(message: &Value) -> Option<u64> {
    let number = message["id"]
        .as_str()?
        .strip_prefix("right ")?
        .parse()
        .ok()?;
    assert!(
        message["result"]["structuredContent"]["vaults"].is_array(),
        "{message}"
    );
    Some(number)
}

/// What came back, counted.
#[derive(Default)]
struct Seen {
    kinds: BTreeMap<String, u64>,
}

impl Seen {
    fn take(&mut self, message: &Value) {
        let kind = if let Some(code) = message["error"]["code"].as_i64() {
            format!("error {code}")
        } else if message["result"]["isError"] == true {
            "refusal".to_owned()
        } else if message.get("result").is_some() {
            "result".to_owned()
        } else {
            "notification".to_owned()
        };
        *self.kinds.entry(kind).or_default() += 1;
        assert!(!repeats(message), "repeated: {message}");
    }

    fn add(&mut self, other: Self) {
        for (kind, count) in other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
    }

    /// Dice that only ever threw nonsense, or never any, would prove little.
    fn is_a_mixture(&self, way: &str) {
        println!("{} mangled messages {way}: {:?}", wanted(), self.kinds);
        for kind in ["error -32602", "error -32601", "refusal", "result"] {
            assert!(self.kinds.contains_key(kind), "no {kind}: {:?}", self.kinds);
        }
    }
}

/// Tells whether a message has what was sent where a value may have stood.
fn repeats(message: &Value) -> bool {
    let mut message = message.clone();
    leave_out_names(&mut message);
    message.to_string().contains(CANARY)
}

/// What a client calls its requests comes back to it, as the protocol wants.
fn leave_out_names(value: &mut Value) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(leave_out_names),
        Value::Object(members) => {
            members
                .retain(|name, _| !["id", "progressToken", "requestId"].contains(&name.as_str()));
            members.values_mut().for_each(leave_out_names);
        }
        _ => {}
    }
}

/// Numbers the requests of a run, so that their ids differ.
fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
