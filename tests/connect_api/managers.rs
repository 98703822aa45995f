//! Those who manage Connect servers with a manager token: over the admin API, and over the command line that calls it.

use serde_json::{Value, json};

use crate::{
    binary::Ran,
    served::{Program, Served, text},
};

/// A member of a group that manages this: `--server shop`, `--all-servers`, or nothing for the whole.
struct Manager<'s> {
    served: &'s Served,
    token: String,
}

impl<'s> Manager<'s> {
    fn of(served: &'s Served, group: &str, managed: &[&str]) -> Self {
        let person = &served.house.person;
        person.types(["group", "create", group]).succeeds();
        let grant = ["connect", "group", "grant", "--group", group];
        person.types([&grant[..], managed].concat()).succeeds();
        let added = person.types(["group", "add", group, "ann"]).succeeds();
        Self {
            served,
            token: added.stdout.trim_end().to_owned(),
        }
    }

    /// Types `hushkey connect …` on another machine.
    fn types(&self, words: &[&str]) -> Ran {
        let url = format!("http://{}", self.served.house.address);
        let words = [&["connect"], words, &["--url", &url]].concat();
        let token = [("HUSHKEY_MANAGER_TOKEN", &*self.token)];
        self.served.house.person.types_with(&token, words)
    }

    fn program(&self) -> Program {
        self.served.bearing(&self.token)
    }
}

fn log(served: &Served) -> String {
    let log = served.house.person.types(["log", "--json"]).succeeds();
    log.stdout
}

#[test]
fn a_manager_of_one_server_keeps_its_tokens_and_sees_no_other() {
    let served = Served::open();
    let person = &served.house.person;
    let words = [
        "connect", "server", "create", "Other", "--vaults", "Private",
    ];
    person.types(words).succeeds();
    let ann = Manager::of(&served, "ops", &["--server", "shop"]);

    let listed = ann.types(&["server", "list", "--json"]).succeeds().json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["name"], "shop");
    let create = ["token", "create", "web", "--server", "shop", "--vault"];
    let made = ann
        .types(&[&create[..], &["Dev,r", "--expires-in", "1h"]].concat())
        .succeeds();
    let program = served.bearing(made.stdout.trim_end());
    program.get(&served.items("Dev")).is(200);
    let tokens = ["token", "list", "--server", "shop", "--json"];
    let token = ann.types(&tokens).succeeds().json();
    assert_eq!(token[0]["name"], "web");
    assert!(token[0]["expires_at"].is_string());
    ann.types(&["token", "edit", "web", "--name", "app"])
        .succeeds();
    ann.types(&["token", "delete", "app"]).succeeds();
    program.get(&served.items("Dev")).is(401);

    ann.types(&[&create[..], &["Private"]].concat())
        .ends_with(4);
    ann.types(&["server", "get", "Other"]).ends_with(4);
    ann.types(&["server", "create", "X", "--force"])
        .ends_with(3);
    ann.types(&["server", "delete", "shop"]).ends_with(3);
    ann.types(&["server", "edit", "shop", "--name", "y"])
        .ends_with(3);
    let grant = ["--server", "shop", "--vault", "Private"];
    ann.types(&[&["vault", "grant"], &grant[..]].concat())
        .ends_with(3);
    let taken = ann
        .types(&["vault", "revoke", "--server", "shop", "--vault", "CI"])
        .succeeds();
    assert_eq!(taken.stdout, "Connect server shop has Dev (rw) now\n");

    let log = log(&served);
    for told in [
        "manager:ops/ann",
        "token web for Connect server shop",
        "vault CI is taken from Connect server shop",
        "a new Connect server X",
    ] {
        assert!(log.contains(told), "{told} is not in {log}");
    }
    assert!(!log.contains(&ann.token));
}

#[test]
fn a_manager_of_the_whole_makes_servers_and_gives_them_vaults_and_changes_no_group() {
    let served = Served::open();
    let ann = Manager::of(&served, "ops", &[]);

    let made = ann
        .types(&[
            "server",
            "create",
            "Reports",
            "--vaults",
            "Private,r",
            "--json",
        ])
        .succeeds()
        .json();
    assert_eq!(made["vaults"][0]["acl"], json!(["allow_viewing"]));
    assert_eq!(made["credentials_file"], "1password-credentials.json");
    let credentials = served.house.person.path("1password-credentials.json");
    let credentials = std::fs::read_to_string(credentials).unwrap();
    let credentials: Value = serde_json::from_str(&credentials).unwrap();
    assert_eq!(credentials["server_id"], made["id"]);
    ann.types(&["vault", "grant", "--server", "Reports", "--vault", "CI"])
        .succeeds();
    let get = ["server", "get", "reports", "--json"];
    let vaults = ann.types(&get).succeeds().json()["vaults"].take();
    assert_eq!(vaults.as_array().unwrap().len(), 2);
    ann.types(&["server", "edit", "Reports", "--name", "Figures"])
        .succeeds();
    ann.types(&["server", "delete", "Figures"]).succeeds();
    ann.types(&get).ends_with(4);

    // There is no call for it: groups are the owner's.
    let program = ann.program();
    program.post("/admin/v1/groups", &json!({})).is(404);
}

#[test]
fn each_kind_of_token_opens_its_own_door_and_no_other() {
    let served = Served::open();
    let manager = Manager::of(&served, "ops", &[]).program();
    let client = served.program("rw");
    let agent = served.house.bare_agent("codex", &["--vault", "Dev=use"]);
    let agent = served.bearing(&agent.token);

    manager.get("/admin/v1/servers").is(200);
    client.get("/v1/vaults").is(200);
    for (program, doors) in [
        (&manager, ["/v1/vaults"]),
        (&client, ["/admin/v1/servers"]),
        (&agent, ["/admin/v1/servers"]),
    ] {
        for door in doors {
            program.get(door).is(401);
        }
    }
    assert_eq!(manager.post("/mcp", &json!({})).status, 401);
    assert_eq!(client.post("/mcp", &json!({})).status, 401);
    assert_eq!(
        served.bearing("").get("/admin/v1/servers").is(401).status,
        401
    );
}

#[test]
fn the_admin_api_answers_in_json_whatever_is_sent() {
    let served = Served::open();
    let ann = Manager::of(&served, "ops", &[]).program();
    let servers = "/admin/v1/servers";
    let shop = format!("{servers}/{}", served.server);

    ann.get("/admin/v1").is(404);
    ann.get("/admin/v1/nothing").is(404);
    ann.get(&format!("{servers}/shop")).is(404);
    let refused = ann.put(servers, &json!({})).is(405);
    assert_eq!(refused.header("allow"), Some("GET, POST"));
    ann.asks("POST", servers, "{").is(400);
    let more = json!({ "name": "x", "more": 1 });
    let told = ann.post(servers, &more).fails(400);
    assert!(told.contains("line 1"), "{told}");
    ann.post(servers, &json!({ "name": "a\u{202e}b" })).is(400);
    ann.post(servers, &json!({ "name": "SHOP" })).is(409);
    let vault = json!({ "vault": "Nowhere" });
    ann.post(&format!("{shop}/vaults"), &vault).is(404);
    let odd = json!({ "vault": "Dev", "access": "all" });
    ann.post(&format!("{shop}/vaults"), &odd).is(400);
    let none = json!({ "name": "t", "vaults": [] });
    ann.post(&format!("{shop}/tokens"), &none).is(400);
    let made = json!({ "name": "t", "vaults": [{ "vault": "dev" }], "expires_in_seconds": 60 });
    let made = ann.post(&format!("{shop}/tokens"), &made).is(200).json();
    served
        .bearing(&text(&made["token"]))
        .get(&served.items("Dev"))
        .is(200);
    assert_eq!(made["integrationId"], json!(served.server.as_str()));
}

#[test]
fn a_manager_who_is_taken_out_is_refused_from_the_next_request_on() {
    let served = Served::open();
    let ann = Manager::of(&served, "ops", &["--all-servers"]);
    ann.types(&["server", "list"]).succeeds();

    let remove = ["group", "remove", "ops", "ann"];
    served.house.person.types(remove).succeeds();

    let refused = ann.types(&["server", "list"]).ends_with(3);
    assert!(refused.stderr.contains("is not taken there"));
    let turned_away = served.house.turned_away();
    let told = turned_away
        .iter()
        .any(|it| it.contains("was not made here"));
    assert!(told, "{turned_away:?}");
}

#[test]
fn a_manager_token_is_needed_in_the_environment_and_is_repeated_nowhere() {
    let served = Served::open();
    let ann = Manager::of(&served, "ops", &[]);
    let url = format!("http://{}", served.house.address);
    let person = &served.house.person;

    let list = ["connect", "server", "list", "--url", &url];
    person.types(list).ends_with(2);
    let agents = [("CLAUDECODE", "1"), ("HUSHKEY_MANAGER_TOKEN", &*ann.token)];
    person.types_with(&agents, list).ends_with(3);
    let far = ["connect", "server", "list", "--url", "http://10.0.0.7"];
    let token = [("HUSHKEY_MANAGER_TOKEN", &*ann.token)];
    person.types_with(&token, far).ends_with(2);
    let made = ann
        .types(&[
            "token", "create", "web", "--server", "shop", "--vault", "Dev",
        ])
        .succeeds();
    let query = format!("/admin/v1/servers?x={}", ann.token);
    ann.program().get(&query).is(400);

    let token = ann.token.clone();
    let Served { house, .. } = served;
    let (_, said, _) = house.ends(rustix::process::Signal::TERM);
    assert!(said.contains("answered"), "the control: it logs");
    for secret in [&*token, made.stdout.trim_end()] {
        assert!(!said.contains(secret), "the log repeats a token");
    }
}
