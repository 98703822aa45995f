//! The owner's page over HTTP: who gets in, what is shown, and that nothing changes but decisions.

use std::{net::SocketAddr, time::Duration};

use hushkey::{
    access::AgentName,
    approvals::{
        AskMatter, Handed, Matter, NewRequest, Request, RunMatter, Thing, Ticket, Verdict,
    },
    http::page::{Health, Owner, OwnerPages},
};
use jiff::Timestamp;

use crate::{
    browser::{Seen, Window},
    house::House,
};

const POLICY: &str = "[agents.codex.vaults]\nDev = \"use\"\n\n[[agents.codex.commands]]\nrun = [\"psql\", \"*\"]\nsecrets = [\"op://Dev/**\"]\n";
const CANARY: &str = "canary-7Q2-do-not-show";

/// A browser that is signed in.
struct Browser {
    window: Window,
    cookie: String,
}

impl Browser {
    async fn enter(house: &House) -> Self {
        let address = serve(house).await;
        let window = Window::at(&address);
        let seen = window.look().await;
        assert_eq!(seen.status, 303, "{seen:?}");
        let cookie = seen.header("set-cookie").unwrap();
        let base = seen.header("location").unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
        assert!(cookie.contains(&format!("Path={base}")), "{cookie}");
        Self {
            window: Window {
                path: base,
                ..window
            },
            cookie: cookie.split(';').next().unwrap().to_owned(),
        }
    }

    async fn look(&self, place: &str) -> Seen {
        let path = format!("{}{place}", self.window.path);
        let headers = [
            ("Host", self.window.host.as_str()),
            ("Cookie", &self.cookie),
        ];
        self.window.send("GET", &path, &headers, "").await
    }

    async fn post(&self, place: &str, fields: &[(&str, &str)]) -> Seen {
        let token = crate::browser::token(&self.look(place).await.body);
        let mut all = vec![("token", token.as_str())];
        all.extend(fields);
        self.post_as_is(if place.is_empty() { "decide" } else { place }, &all)
            .await
    }

    async fn post_as_is(&self, place: &str, fields: &[(&str, &str)]) -> Seen {
        let origin = format!("http://{}", self.window.host);
        let headers = [
            ("Host", self.window.host.as_str()),
            ("Origin", &origin),
            ("Cookie", &self.cookie),
        ];
        let window = Window {
            path: format!("{}{place}", self.window.path),
            ..self.window.clone()
        };
        window.post_with(&headers, fields).await
    }
}

async fn serve(house: &House) -> String {
    let owner = Owner {
        broker: house.reopen(),
        prove: None,
        health: Box::new(|| {
            vec![Health {
                subject: "tier".into(),
                verdict: "look",
                text: "no passphrase".into(),
            }]
        }),
    };
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let pages = OwnerPages::bind(owner, any).await.unwrap();
    let address = pages.address().to_owned();
    tokio::spawn(pages.serve());
    address
}

fn run(house: &House) -> Request {
    let matter = Matter::Run(Box::new(RunMatter {
        program: "/usr/bin/psql".into(),
        argv: vec!["psql".into(), "<b>&\u{202e}".into()],
        cwd: "/home/ann/shop".into(),
        handed: vec![Handed {
            reference: "op://Dev/Shop/password".into(),
            ids: "a/b/c".into(),
            way: "variable PGPASSWORD".into(),
        }],
        variables: vec![("PGHOST".into(), Some("db".into()))],
        rule: "psql *".into(),
        output: "full".into(),
    }));
    ask(house, matter)
}

fn ask(house: &House, matter: Matter) -> Request {
    let new = NewRequest {
        agent: AgentName::parse("codex").unwrap(),
        client: Some("codex 1".into()),
        matter,
        reason: Some("to migrate".into()),
        bound: Vec::new(),
        lasts: Duration::from_secs(60),
        local_only: false,
        grant: None,
        ticket: Some(Ticket::random()),
    };
    house.approvals().ask(new, Timestamp::now()).unwrap()
}

#[tokio::test]
async fn only_the_printed_address_signs_in_and_only_once() {
    let house = House::new(POLICY).await;
    let address = serve(&house).await;
    let window = Window::at(&address);

    let first = window.look().await;
    let second = window.look().await;

    assert_eq!((first.status, second.status), (303, 403));
    let base = first.header("location").unwrap();
    let without_cookie = window.look_at(&base).await;
    assert_eq!(without_cookie.status, 403);
    assert_eq!(window.look_at("/").await.status, 403);
    assert_eq!(window.look_at("/enter/other").await.status, 403);
}

#[tokio::test]
async fn a_request_is_shown_in_full_and_allowed_by_this_person_on_this_page() {
    let house = House::new(POLICY).await;
    let request = run(&house);
    let browser = Browser::enter(&house).await;

    let page = browser.look("").await;
    let done = browser
        .post("", &[("code", request.code.as_str()), ("answer", "yes")])
        .await;

    for shown in [
        request.code.as_str(),
        "/usr/bin/psql",
        "/home/ann/shop",
        "op://Dev/Shop/password",
        "PGHOST=db",
        "to migrate",
        "&lt;b&gt;",
    ] {
        assert!(page.body.contains(shown), "{shown} in {}", page.body);
    }
    assert!(!page.body.contains('\u{202e}') && !page.body.contains("<b>"));
    assert_eq!(done.status, 303, "{done:?}");
    let decision = house
        .approvals()
        .take(&request.id, &request.digest, Timestamp::now())
        .unwrap()
        .unwrap();
    assert_eq!(decision.verdict, Verdict::Yes);
    assert_eq!(decision.way.as_str(), "page");
    assert!(browser.look("").await.body.contains("Nothing waits"));
}

#[tokio::test]
async fn a_refusal_is_a_no_and_a_second_answer_changes_nothing() {
    let house = House::new(POLICY).await;
    let request = run(&house);
    let browser = Browser::enter(&house).await;
    run(&house);

    let refused = browser
        .post("", &[("code", request.code.as_str()), ("answer", "no")])
        .await;
    let again = browser
        .post("", &[("code", request.code.as_str()), ("answer", "yes")])
        .await;

    assert_eq!((refused.status, again.status), (303, 409));
    let decision = house
        .approvals()
        .take(&request.id, &request.digest, Timestamp::now())
        .unwrap()
        .unwrap();
    assert_eq!(decision.verdict, Verdict::No);
}

#[tokio::test]
async fn a_form_without_its_token_or_from_elsewhere_decides_nothing() {
    let house = House::new(POLICY).await;
    let request = run(&house);
    let browser = Browser::enter(&house).await;
    let fields = [("code", request.code.as_str()), ("answer", "yes")];

    let without = browser.post_as_is("decide", &fields).await;
    let token = crate::browser::token(&browser.look("").await.body);
    let window = Window {
        path: format!("{}decide", browser.window.path),
        ..browser.window.clone()
    };
    let headers = [
        ("Host", browser.window.host.as_str()),
        ("Origin", "http://evil.example"),
        ("Cookie", &browser.cookie),
    ];
    let with_token = [fields[0], fields[1], ("token", token.as_str())];
    let elsewhere = window.post_with(&headers, &with_token).await;

    assert_eq!((without.status, elsewhere.status), (403, 403));
    let still = house.approvals().pending(Timestamp::now()).unwrap();
    assert_eq!(still.len(), 1);
}

#[tokio::test]
async fn no_page_shows_a_value() {
    let house = House::new(POLICY).await;
    let item = house.item("Dev", "Shop", &[("password", CANARY)]).await;
    let browser = Browser::enter(&house).await;
    let vault = item.vault.id.as_str();
    let places = [
        "".to_owned(),
        "remembered".to_owned(),
        "activity".to_owned(),
        "agents".to_owned(),
        "vaults".to_owned(),
        format!("vaults/{vault}"),
        format!("vaults/{vault}/{}", item.metadata.overview.id),
        "health".to_owned(),
    ];

    let mut all = String::new();
    for place in &places {
        let seen = browser.look(place).await;
        assert_eq!(seen.status, 200, "{place}: {seen:?}");
        let policy = seen.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
        all += &seen.body;
    }

    for shown in [
        "Shop",
        "set, concealed",
        "psql *",
        "no passphrase",
        "owner created",
    ] {
        assert!(all.contains(shown), "the control: {shown}");
    }
    assert!(!all.contains(CANARY));
}

#[tokio::test]
async fn a_value_that_an_agent_asked_for_can_be_typed_here() {
    let house = House::new("[agents.codex.vaults]\nDev = \"write\"\n").await;
    let item = house.item("Dev", "Shop", &[("password", "before")]).await;
    let thing = |id: &str, name: &str| Thing {
        id: id.into(),
        name: name.into(),
    };
    let field = &item.metadata.fields[0];
    let request = ask(
        &house,
        Matter::Ask(AskMatter {
            vault: thing(item.vault.id.as_str(), "Dev"),
            item: thing(item.metadata.overview.id.as_str(), "Shop"),
            field: thing(field.id.as_str(), "password"),
            made: false,
            entry: 1,
            proven: false,
            distant: false,
        }),
    );
    let browser = Browser::enter(&house).await;
    run(&house);

    let list = browser.look("").await;
    let yes = [("code", request.code.as_str()), ("answer", "yes")];
    let allowed = browser.post("", &yes).await;
    let place = format!("type/{}", request.code);
    let typed = browser.post(&place, &[("hidden", CANARY)]).await;

    assert!(list.body.contains("Type the value here"));
    assert_eq!(allowed.status, 409, "a button types nothing");
    assert_eq!(typed.status, 303, "{typed:?}");
    let reference = hushkey::vault::SecretReference::parse("op://Dev/Shop/password").unwrap();
    let stored = house
        .broker
        .reveal(&hushkey::access::Caller::Owner, &reference)
        .await
        .unwrap();
    assert_eq!(stored.expose_secret(), CANARY);
}

#[tokio::test]
async fn the_page_is_told_of_news_and_the_log_can_be_followed() {
    let house = House::new(POLICY).await;
    let browser = Browser::enter(&house).await;
    let page = browser.look("").await;
    let state = |body: &str| {
        body.split("data-state=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .to_owned()
    };
    let before = state(&page.body);
    run(&house);

    let headers = [
        ("Host", browser.window.host.as_str()),
        ("Cookie", &browser.cookie),
        ("Sec-Fetch-Site", "same-origin"),
        ("Sec-Fetch-Dest", "empty"),
        ("Sec-Fetch-Mode", "cors"),
    ];
    let path = format!("{}state", browser.window.path);
    let now = browser.window.send("GET", &path, &headers, "").await;

    assert_eq!(now.status, 200);
    assert!(!now.body.contains(&before), "{} is {before}", now.body);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'sha256-") && policy.contains("connect-src 'self'"));
}
