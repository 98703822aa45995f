//! The owner's page over HTTP: who gets in, what is shown, and that nothing changes but decisions.

use std::{net::SocketAddr, time::Duration};

use hushkey::{
    access::AgentName,
    approvals::{
        AccessMatter, AskMatter, Handed, Matter, NewRequest, Proof, Request, RunMatter, Thing,
        Ticket, Verdict,
    },
    http::page::{Health, Owner, OwnerPages, Prove, Rules},
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
        Self::enter_at(serve(house).await).await
    }

    async fn enter_at(address: String) -> Self {
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
    serve_proving(house, None).await
}

async fn serve_proving(house: &House, prove: Option<Prove>) -> String {
    let owner = Owner {
        broker: house.reopen(),
        prove,
        rules: Rules {
            preview: Box::new(|_| Ok("[[the rule]]\nrun = <b>".into())),
            write: Box::new(|_, request| Ok(Some(format!("{} lacks `use` still", request.agent)))),
        },
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

    assert!(list.body.contains("Type the value"));
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

/// A passphrase that is quick to try: `right`.
fn prover() -> Prove {
    Box::new(|typed, message| {
        use sha2::{Digest, Sha512};
        match typed.as_slice() {
            b"right" => Ok(Proof(Sha512::digest(message).into())),
            _ => Err("that is not the passphrase".into()),
        }
    })
}

#[tokio::test]
async fn wrong_passphrases_decide_nothing_and_after_five_none_is_taken_for_a_while() {
    let house = House::new(POLICY).await;
    let request = run(&house);
    let browser = Browser::enter_at(serve_proving(&house, Some(prover())).await).await;
    let says = async |answer: &str, passphrase: &str| {
        let code = request.code.as_str();
        let fields = [
            ("code", code),
            ("answer", answer),
            ("passphrase", passphrase),
        ];
        browser.post("", &fields).await
    };

    for wrong in [
        "", "canary-1", "canary-2", "canary-3", "canary-4", "canary-5",
    ] {
        let seen = says("yes", wrong).await;

        assert!(seen.body.contains("role=\"alert\""), "{seen:?}");
        assert!(!seen.body.contains("canary"), "{seen:?}");
    }
    let braked = says("yes", "right").await;

    assert!(
        braked.body.contains("Too many wrong passphrases"),
        "{braked:?}"
    );
    assert_eq!(
        house.approvals().pending(Timestamp::now()).unwrap().len(),
        1
    );
    let wanted = hushkey::broker::ActivityWanted::default();
    let owner = hushkey::access::Caller::Owner;
    let owners = house.broker.activity(&owner, &wanted).await.unwrap();
    let owners: Vec<_> = owners.into_iter().map(|it| it.sentence).collect();
    let told = "a wrong passphrase on the owner's page";
    assert_eq!(
        owners.iter().filter(|it| it.contains(told)).count(),
        5,
        "{owners:?}"
    );
    // A no needs none.
    assert_eq!(says("no", "").await.status, 303);
}

#[tokio::test]
async fn a_yes_on_the_page_carries_the_passphrases_proof_of_exactly_that() {
    use sha2::{Digest, Sha512};

    let house = House::new(POLICY).await;
    let request = run(&house);
    let browser = Browser::enter_at(serve_proving(&house, Some(prover())).await).await;

    let fields = [
        ("code", request.code.as_str()),
        ("answer", "yes"),
        ("passphrase", "right"),
    ];
    let allowed = browser.post("", &fields).await;

    assert_eq!(allowed.status, 303, "{allowed:?}");
    let approvals = house.approvals();
    let taken = approvals.take(&request.id, &request.digest, Timestamp::now());
    let message = approvals.message(&request, Verdict::Yes, false);
    let proof = taken.unwrap().unwrap().proof.unwrap();
    assert_eq!(proof.0, <[u8; 64]>::from(Sha512::digest(message)));
}

#[tokio::test]
async fn a_right_is_given_where_its_rule_is_shown_and_what_is_lacking_still_is_told() {
    let house = House::new(POLICY).await;
    house.item("Dev", "Shop", &[("password", CANARY)]).await;
    let wanted = |reference: &str| {
        Matter::Access(AccessMatter::Command {
            command: vec!["true".into(), "<i>\u{202e}".into()],
            references: vec![reference.into()],
        })
    };
    let first = ask(&house, wanted("op://Dev/Shop/password"));
    let browser = Browser::enter(&house).await;

    let shown = browser.look("").await.body;
    let by_button = |code, answer| [("code", code), ("answer", answer)];
    let plain = browser
        .post("", &by_button(first.code.as_str(), "yes"))
        .await;
    let ruled = browser
        .post("", &by_button(first.code.as_str(), "rule"))
        .await;

    assert!(shown.contains("[[the rule]]\nrun = &lt;b&gt;"), "{shown}");
    assert!(shown.contains("/usr/bin/true") && shown.contains("&lt;i&gt;"));
    assert!(!shown.contains("<b>") && !shown.contains('\u{202e}'));
    assert_eq!((plain.status, ruled.status), (409, 200));
    assert!(ruled.body.contains("codex lacks"), "{ruled:?}");

    let missing = ask(&house, wanted("op://Dev/None/password"));
    let page = browser.look("").await.body;
    assert!(
        page.contains("It can&#39;t be: ") || page.contains("It can't be: "),
        "{page}"
    );
    assert!(!page.contains("Allow once"), "{page}");
    let once = browser
        .post("", &by_button(missing.code.as_str(), "once"))
        .await;
    assert_eq!(once.status, 409, "{once:?}");
    let never = browser
        .post("", &by_button(missing.code.as_str(), "never"))
        .await;
    assert_eq!(never.status, 303, "{never:?}");
    let lasting = house.approvals().lasting().unwrap();
    assert_eq!((lasting.passes.len(), lasting.muted.len()), (0, 1));
}
