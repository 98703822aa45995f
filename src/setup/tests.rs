use std::{
    ffi::OsString,
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

use insta::assert_snapshot;
use proptest::prelude::*;
use tempfile::TempDir;

use super::{entry::Value, *};

mod documents;

use documents::{odd_text, settings_in_json, settings_in_toml};

fn entry(arguments: &[&str]) -> Entry {
    Entry::Started {
        program: "/usr/local/bin/hushkey".to_owned(),
        arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
    }
}

fn served() -> Entry {
    Entry::Served {
        url: "http://127.0.0.1:8970/mcp".to_owned(),
        token_variable: "HUSHKEY_TOKEN".to_owned(),
    }
}

fn client(id: &str) -> &'static Client {
    Client::named(id).unwrap()
}

fn now() -> Timestamp {
    "2026-11-25T23:59:30Z".parse().unwrap()
}

/// A client's settings in a directory of their own.
struct Desk {
    directory: TempDir,
    client: &'static Client,
}

impl Desk {
    fn new(id: &str, text: Option<&str>) -> Self {
        let desk = Self {
            directory: tempfile::tempdir().unwrap(),
            client: client(id),
        };
        if let Some(text) = text {
            fs::write(desk.path(), text).unwrap();
        }
        desk
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("settings")
    }

    fn add(&self, words: &[&str]) -> Result<Done, SetupError> {
        let file = self.path();
        self.place(&file).add(&entry(words), now())
    }

    fn remove(&self) -> Result<Done, SetupError> {
        let file = self.path();
        self.place(&file).remove(now())
    }

    fn place<'a>(&self, file: &'a Path) -> Place<'a> {
        Place {
            client: self.client,
            file,
            name: "hushkey",
            project: None,
        }
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let files = fs::read_dir(self.directory.path()).unwrap();
        let mut files: Vec<String> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        files
    }
}

/// Adds an entry to a text, and shows what comes out.
fn added(id: &str, text: &str) -> String {
    let desk = Desk::new(id, Some(text));
    desk.add(&["mcp"]).unwrap();
    desk.text()
}

#[test]
fn each_client_is_written_to_where_and_as_it_reads() {
    let variable = |name: &str| match name {
        "HOME" => Some(OsString::from("/home/ada")),
        _ => None,
    };
    let around = |mac, project| Surroundings::new(&variable, mac, project).unwrap();
    let linux = around(false, None);
    let mac = around(true, None);
    let project = around(false, Some("/src".into()));

    let mut shown = String::new();
    for client in &CLIENTS {
        let path = |around: &Surroundings| {
            client
                .settings(around)
                .map(|path| path.display().to_string())
        };
        let (linux, mac) = (path(&linux).unwrap(), path(&mac).unwrap());
        let place = Place {
            client,
            file: Path::new("/nowhere"),
            name: "hushkey",
            project: None,
        };
        shown += &format!("# {}: {linux}\n", client.id);
        if mac != linux {
            shown += &format!("# on a Mac: {mac}\n");
        }
        if let Some(project) = path(&project) {
            shown += &format!("# in a project: {project}\n");
        }
        shown += &place
            .snippet(&entry(&["mcp", "--agent", client.id]))
            .unwrap();
    }

    assert_snapshot!(shown, @r##"
# claude-code: /home/ada/.claude.json
# in a project: /src/.mcp.json
{
  "mcpServers": {
    "hushkey": {
      "type": "stdio",
      "command": "/usr/local/bin/hushkey",
      "args": ["mcp", "--agent", "claude-code"]
    }
  }
}
# claude-desktop: /home/ada/.config/Claude/claude_desktop_config.json
# on a Mac: /home/ada/Library/Application Support/Claude/claude_desktop_config.json
{
  "mcpServers": {
    "hushkey": {
      "command": "/usr/local/bin/hushkey",
      "args": ["mcp", "--agent", "claude-desktop"]
    }
  }
}
# codex: /home/ada/.codex/config.toml
# in a project: /src/.codex/config.toml
[mcp_servers.hushkey]
command = "/usr/local/bin/hushkey"
args = ["mcp", "--agent", "codex"]
# cursor: /home/ada/.cursor/mcp.json
# in a project: /src/.cursor/mcp.json
{
  "mcpServers": {
    "hushkey": {
      "command": "/usr/local/bin/hushkey",
      "args": ["mcp", "--agent", "cursor"]
    }
  }
}
# gemini: /home/ada/.gemini/settings.json
# in a project: /src/.gemini/settings.json
{
  "mcpServers": {
    "hushkey": {
      "command": "/usr/local/bin/hushkey",
      "args": ["mcp", "--agent", "gemini"]
    }
  }
}
# opencode: /home/ada/.config/opencode/opencode.json
# in a project: /src/opencode.json
{
  "mcp": {
    "hushkey": {
      "type": "local",
      "command": ["/usr/local/bin/hushkey", "mcp", "--agent", "opencode"]
    }
  }
}
# vscode: /home/ada/.config/Code/User/mcp.json
# on a Mac: /home/ada/Library/Application Support/Code/User/mcp.json
# in a project: /src/.vscode/mcp.json
{
  "servers": {
    "hushkey": {
      "type": "stdio",
      "command": "/usr/local/bin/hushkey",
      "args": ["mcp", "--agent", "vscode"]
    }
  }
}
# windsurf: /home/ada/.codeium/windsurf/mcp_config.json
{
  "mcpServers": {
    "hushkey": {
      "command": "/usr/local/bin/hushkey",
      "args": ["mcp", "--agent", "windsurf"]
    }
  }
}
# zed: /home/ada/.config/zed/settings.json
{
  "context_servers": {
    "hushkey": {
      "command": "/usr/local/bin/hushkey",
      "args": ["mcp", "--agent", "zed"]
    }
  }
}
"##);
}

#[test]
fn a_server_elsewhere_is_named_with_its_tokens_variable_where_that_was_seen_to_work() {
    let mut shown = String::new();
    let mut refused = Vec::new();
    for client in &CLIENTS {
        let desk = Desk::new(client.id, None);
        match desk.place(&desk.path()).add(&served(), now()) {
            Ok(_) => shown += &format!("# {}\n{}", client.id, desk.text()),
            Err(error) => {
                assert!(error.to_string().contains("no token into it"), "{error}");
                assert!(desk.files().is_empty());
                refused.push(client.id);
            }
        }
    }

    assert_eq!(
        refused,
        ["claude-desktop", "cursor", "vscode", "windsurf", "zed"]
    );
    assert_snapshot!(shown, @r##"
# claude-code
{
  "mcpServers": {
    "hushkey": {
      "type": "http",
      "url": "http://127.0.0.1:8970/mcp",
      "headers": {
        "Authorization": "Bearer ${HUSHKEY_TOKEN}"
      }
    }
  }
}
# codex
[mcp_servers.hushkey]
url = "http://127.0.0.1:8970/mcp"
bearer_token_env_var = "HUSHKEY_TOKEN"
# gemini
{
  "mcpServers": {
    "hushkey": {
      "httpUrl": "http://127.0.0.1:8970/mcp",
      "headers": {
        "Authorization": "Bearer ${HUSHKEY_TOKEN}"
      }
    }
  }
}
# opencode
{
  "mcp": {
    "hushkey": {
      "type": "remote",
      "url": "http://127.0.0.1:8970/mcp",
      "headers": {
        "Authorization": "Bearer {env:HUSHKEY_TOKEN}"
      }
    }
  }
}
"##);
}

#[test]
fn headers_of_the_owners_stay_beside_the_one_that_is_wanted() {
    let text = "{\"mcpServers\": {\"hushkey\": {\"type\": \"http\", \"url\": \"http://old\", \"headers\": {\"X-Mine\": \"1\"}}}}";
    let desk = Desk::new("claude-code", Some(text));

    let done = desk.place(&desk.path()).add(&served(), now()).unwrap();

    let members = vec!["url".to_owned(), "headers".to_owned()];
    assert_eq!(done.outcome, Outcome::Updated(members));
    assert_eq!(
        desk.text(),
        "{\"mcpServers\": {\"hushkey\": {\"type\": \"http\", \"url\": \"http://127.0.0.1:8970/mcp\", \"headers\": \
         {\"X-Mine\": \"1\", \"Authorization\": \"Bearer ${HUSHKEY_TOKEN}\"}}}}"
    );
    let again = desk.place(&desk.path()).add(&served(), now()).unwrap();
    assert_eq!(again.outcome, Outcome::AlreadyThere);
}

#[test]
fn variables_of_the_clients_own_move_their_settings() {
    let variable = |name: &str| {
        let value = match name {
            "HOME" => "/home/ada",
            "XDG_CONFIG_HOME" => "/cfg",
            "CLAUDE_CONFIG_DIR" => "/c",
            "CODEX_HOME" => "/x",
            _ => return None,
        };
        Some(OsString::from(value))
    };
    let around = Surroundings::new(&variable, false, None).unwrap();

    let path = |id: &str| client(id).settings(&around).unwrap();
    assert_eq!(path("claude-code"), Path::new("/c/.claude.json"));
    assert_eq!(path("codex"), Path::new("/x/config.toml"));
    assert_eq!(path("zed"), Path::new("/cfg/zed/settings.json"));
}

#[test]
fn comments_order_indentation_and_unknown_members_stay() {
    assert_snapshot!(added("zed", "// Zed\n{\n\t\"theme\": \"One\", // dark\n\t/* none yet */\n\t\"context_servers\": {\n\t\t// mine\n\t\t\"a\": { \"command\": \"x\", },\n\t},\n}\n"), @r##"
// Zed
{
	"theme": "One", // dark
	/* none yet */
	"context_servers": {
		// mine
		"a": { "command": "x", },
		"hushkey": {
			"command": "/usr/local/bin/hushkey",
			"args": ["mcp"]
		},
	},
}
"##);
    assert_snapshot!(added("cursor", "{\n    \"mcpServers\": {\n        \"a\": {\n            \"url\": \"http://127.0.0.1\"\n        } // the last\n        // \"b\": {}\n    }\n}"), @r##"
{
    "mcpServers": {
        "a": {
            "url": "http://127.0.0.1"
        }, // the last
        // "b": {}
        "hushkey": {
            "command": "/usr/local/bin/hushkey",
            "args": ["mcp"]
        }
    }
}
"##);
    assert_snapshot!(added("claude-code", "{\"numStartups\":3,\"projects\":{}}"), @r##"
{"numStartups":3,"projects":{},"mcpServers":{"hushkey":{"type":"stdio","command":"/usr/local/bin/hushkey","args":["mcp"]}}}
"##);
    assert_snapshot!(added("codex", "model = \"o\" # mine\n\n[mcp_servers.a]\ncommand = 'x'\n# the end\n"), @r##"
model = "o" # mine

[mcp_servers.a]
command = 'x'
# the end

[mcp_servers.hushkey]
command = "/usr/local/bin/hushkey"
args = ["mcp"]
"##);
}

#[test]
fn line_ends_and_the_mark_at_the_beginning_stay() {
    let json = added("vscode", "\u{feff}{\r\n  \"servers\": {\r\n  }\r\n}\r\n");
    let toml = added("codex", "\u{feff}model = 'o'\r\n");

    assert!(json.starts_with("\u{feff}{\r\n"), "{json:?}");
    assert!(toml.starts_with("\u{feff}model"), "{toml:?}");
    for text in [json, toml] {
        assert_eq!(
            text.matches('\n').count(),
            text.matches("\r\n").count(),
            "{text:?}"
        );
    }
}

#[test]
fn an_entry_that_differs_gets_what_is_wanted_and_keeps_the_rest() {
    let json = "{\n  \"mcpServers\": {\n    \"hushkey\": {\n      \"command\": \"hushkey\", // old\n      \"env\": { \"A\": \"b\" },\n      \"timeout\": 5\n    }\n  }\n}\n";
    let toml = "[mcp_servers.hushkey] # mine\ncommand = \"hushkey\" # old\nstartup_timeout_sec = 5\n\n[mcp_servers.hushkey.env]\nA = \"b\"\n";

    for (id, text) in [("gemini", json), ("codex", toml)] {
        let desk = Desk::new(id, Some(text));

        let done = desk.add(&["mcp"]).unwrap();

        let members = vec!["command".to_owned(), "args".to_owned()];
        assert_eq!(done.outcome, Outcome::Updated(members), "{id}");
        let (again, text) = (desk.add(&["mcp"]).unwrap(), desk.text());
        assert_eq!(again.outcome, Outcome::AlreadyThere, "{text}");
        for kept in ["old", "A", "b", "5", "timeout"] {
            assert!(text.contains(kept), "{kept} of {text}");
        }
        assert!(text.contains("/usr/local/bin/hushkey"), "{text}");
    }
}

#[test]
fn a_second_time_nothing_is_written() {
    for client in &CLIENTS {
        let desk = Desk::new(client.id, None);

        assert_eq!(desk.add(&["mcp"]).unwrap().outcome, Outcome::Added);
        let first = fs::metadata(desk.path()).unwrap().modified().unwrap();
        assert_eq!(desk.add(&["mcp"]).unwrap().outcome, Outcome::AlreadyThere);

        assert_eq!(
            fs::metadata(desk.path()).unwrap().modified().unwrap(),
            first
        );
        assert_eq!(desk.files(), ["settings"], "{}", client.id);
    }
}

#[test]
fn what_setup_made_is_gone_when_it_is_taken_out() {
    for client in &CLIENTS {
        let desk = Desk::new(client.id, None);
        desk.add(&["mcp"]).unwrap();

        assert_eq!(desk.remove().unwrap().outcome, Outcome::Deleted);

        assert!(desk.files().is_empty(), "{:?}", desk.files());
        assert_eq!(desk.remove().unwrap().outcome, Outcome::NotThere);
    }
}

#[test]
fn an_entry_is_taken_out_of_settings_that_were_changed_since() {
    let desk = Desk::new("claude-code", Some("{\n  \"a\": 1\n}\n"));
    desk.add(&["mcp"]).unwrap();
    let changed = desk.text().replace("\"a\": 1", "\"a\": 2");
    fs::write(desk.path(), &changed).unwrap();

    let done = desk.remove().unwrap();

    assert_eq!(done.outcome, Outcome::Removed);
    assert_eq!(desk.text(), "{\n  \"a\": 2,\n  \"mcpServers\": {}\n}\n");
    assert_eq!(fs::read_to_string(done.backup.unwrap()).unwrap(), changed);
}

#[test]
fn what_was_there_is_kept_beside_it_for_its_owner_alone() {
    let desk = Desk::new("cursor", Some("{}"));
    fs::set_permissions(desk.path(), fs::Permissions::from_mode(0o640)).unwrap();

    let backup = desk.add(&["mcp"]).unwrap().backup.unwrap();

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(fs::read_to_string(&backup).unwrap(), "{}");
    assert_eq!(
        backup.file_name().unwrap(),
        "settings.hushkey-20261125T235930Z.bak"
    );
    assert_eq!((mode(&backup), mode(&desk.path())), (0o600, 0o640));
}

#[test]
fn a_linked_file_is_changed_where_it_lies_and_the_link_stays() {
    let desk = Desk::new("cursor", None);
    let real = desk.directory.path().join("dotfiles.json");
    fs::write(&real, "{}").unwrap();
    symlink("dotfiles.json", desk.path()).unwrap();

    desk.add(&["mcp"]).unwrap();

    assert!(fs::symlink_metadata(desk.path()).unwrap().is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains("hushkey"));
    desk.remove().unwrap();
    assert_eq!(fs::read_to_string(&real).unwrap(), "{}");
}

#[test]
fn a_projects_links_lead_nowhere_else() {
    let (project, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(outside.path().join("mcp.json"), "{}").unwrap();
    fs::create_dir(project.path().join("real")).unwrap();
    symlink(
        outside.path().join("mcp.json"),
        project.path().join("file.json"),
    )
    .unwrap();
    symlink(outside.path(), project.path().join("away")).unwrap();
    symlink("real", project.path().join("within")).unwrap();
    let add = |name: &str| {
        let file = project.path().join(name);
        let place = Place {
            client: client("cursor"),
            file: &file,
            name: "hushkey",
            project: Some(project.path()),
        };
        place.add(&entry(&["mcp"]), now())
    };

    for name in [
        "file.json",
        "away/mcp.json",
        "away/new.json",
        "away/new/mcp.json",
    ] {
        let error = add(name).unwrap_err();
        assert!(error.to_string().contains("outside the project"), "{error}");
    }
    add("within/mcp.json").unwrap();
    add("new/mcp.json").unwrap();

    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    let mode = fs::metadata(project.path().join("new/mcp.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o644, "others share it");
}

#[test]
fn settings_that_cannot_be_changed_are_left_alone_with_their_line() {
    let cases = [
        ("cursor", "{\n  \"a\": 1\n  \"b\": \"canary\"\n}"),
        ("cursor", "{\n  \"a\": canary\n}"),
        ("cursor", "[]"),
        ("cursor", "{\"mcpServers\": [\"canary\"]}"),
        ("cursor", "{\"mcpServers\": {\"hushkey\": 1}}"),
        ("cursor", "{\"mcpServers\": {}, \"mcpServers\": {}}"),
        (
            "cursor",
            "{\n\"mcpServers\": {\"hushkey\": {\"url\": \"canary\"}}}",
        ),
        ("codex", "a = 1\nb = canary\n"),
        ("codex", "mcp_servers = { a = { command = \"canary\" } }\n"),
        (
            "codex",
            "\n[mcp_servers]\nhushkey = { command = \"canary\" }\n",
        ),
        ("codex", "[[mcp_servers]]\na = \"canary\"\n"),
    ];

    let mut said = String::new();
    for (id, text) in cases {
        let desk = Desk::new(id, Some(text));
        let error = desk.add(&["mcp"]).unwrap_err().to_string();
        assert_eq!(
            (desk.text().as_str(), desk.files().len()),
            (text, 1),
            "{error}"
        );
        assert!(!error.contains("canary"), "{error}");
        said += &error.replace(&*desk.path().to_string_lossy(), "FILE");
        said.push('\n');
    }

    assert_snapshot!(said, @r##"
`FILE`, line 2 is malformed: a comma is missing; repair it first. Nothing was written
`FILE`, line 2 is malformed: this is no JSON; repair it first. Nothing was written
`FILE`, line 1: settings are an object, and this is none; write the entry by hand, `--print` shows it. Nothing was written
`FILE`, line 1: an object belongs here, and this is none; write the entry by hand, `--print` shows it. Nothing was written
`FILE`, line 1: an object belongs here, and this is none; write the entry by hand, `--print` shows it. Nothing was written
`FILE`, line 1: a member stands there a second time; write the entry by hand, `--print` shows it. Nothing was written
the entry `hushkey` in `FILE` is of another kind (it has `url`); --remove takes it away, and --name makes another beside it
`FILE`, line 2 is malformed: this is no TOML; repair it first. Nothing was written
`FILE`, line 1: tables of servers can't be added to what is written there; write the entry by hand, `--print` shows it. Nothing was written
`FILE`, line 3: the entry is no table with a header; write the entry by hand, `--print` shows it. Nothing was written
`FILE`, line 1: tables of servers can't be added to what is written there; write the entry by hand, `--print` shows it. Nothing was written
"##);
}

#[test]
fn what_is_no_file_of_ones_own_is_refused() {
    let desk = Desk::new("cursor", None);
    fs::create_dir(desk.path()).unwrap();
    let error = desk.add(&["mcp"]).unwrap_err();
    assert!(error.to_string().contains("is no file"), "{error}");

    let desk = Desk::new("cursor", None);
    fs::write(desk.path(), b"{\"a\": \"\xff\"}").unwrap();
    let error = desk.add(&["mcp"]).unwrap_err();
    assert!(error.to_string().contains("UTF-8"), "{error}");

    let desk = Desk::new("cursor", None);
    symlink("/proc/1/environ/nowhere", desk.path()).unwrap();
    desk.add(&["mcp"]).unwrap_err();
}

#[test]
fn settings_that_another_program_writes_meanwhile_win() {
    let desk = Desk::new("cursor", Some("{}"));
    let read = Settings::read(&desk.path(), 0o600).unwrap();
    fs::write(desk.path(), "{ }").unwrap();

    let error = read.replace("mine").unwrap_err();

    assert!(matches!(error, SetupError::Changed { .. }), "{error}");
    assert_eq!(desk.text(), "{ }");
    assert_eq!(desk.files(), ["settings"]);
}

/// Text without blanks and commas: what a change may never take away or move.
fn ink(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && *c != ',')
        .collect()
}

/// Whether the letters of one text stand in another, in their order.
fn runs_through(part: &str, whole: &str) -> bool {
    let mut whole = whole.chars();
    part.chars().all(|c| whole.any(|other| other == c))
}

proptest! {
    // Each case syncs files.
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// For every settings file, what setup did can be undone to the byte.
    #[test]
    fn setup_and_then_remove_gives_the_original_bytes(text in settings_in_json(), id in 0..8_usize) {
        let ids = ["claude-code", "claude-desktop", "cursor", "gemini", "opencode", "vscode", "windsurf", "zed"];
        let desk = Desk::new(ids[id], Some(&text));

        desk.add(&["mcp"]).unwrap();
        let with = desk.text();
        prop_assert!(runs_through(&ink(&text), &ink(&with)), "{}", with);
        prop_assert_eq!(desk.add(&["mcp"]).unwrap().outcome, Outcome::AlreadyThere);
        desk.remove().unwrap();

        prop_assert_eq!(desk.text(), text);
        prop_assert_eq!(desk.files(), ["settings"]);
    }

    /// The same for TOML.
    #[test]
    fn setup_and_then_remove_gives_the_original_bytes_of_toml(text in settings_in_toml()) {
        let desk = Desk::new("codex", Some(&text));

        desk.add(&["mcp"]).unwrap();
        let with = desk.text();
        prop_assert!(runs_through(&ink(&text), &ink(&with)), "{}", with);
        prop_assert_eq!(desk.add(&["mcp"]).unwrap().outcome, Outcome::AlreadyThere);
        desk.remove().unwrap();

        prop_assert_eq!(desk.text(), text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever a file holds, it is understood or refused, and what is written is understood again.
    #[test]
    fn no_text_is_too_odd(text in odd_text()) {
        let members = vec![("command".to_owned(), Value::Text("x".to_owned()))];
        if let Ok(with) = json::with(&text, "mcpServers", "hushkey", &members) {
            prop_assert_eq!(json::read(&with, "mcpServers", "hushkey"), Ok(Some(members.clone())));
            prop_assert!(json::without(&with, "mcpServers", "hushkey").unwrap().is_some());
        }
        if let Ok(with) = toml::with(&text, "mcp_servers", "hushkey", &members) {
            prop_assert_eq!(toml::read(&with, "mcp_servers", "hushkey"), Ok(Some(members)));
            prop_assert!(toml::without(&with, "mcp_servers", "hushkey").unwrap().is_some());
        }
    }

    /// Without a backup too, wherever there were other servers: the entry goes, with its comma, and nothing else.
    #[test]
    fn without_a_backup_the_entry_alone_goes(text in settings_in_json()) {
        let members = vec![("command".to_owned(), Value::Text("x".to_owned()))];
        let text = json::with(&text, "mcpServers", "other", &members).unwrap();

        let with = json::with(&text, "mcpServers", "hushkey", &members).unwrap();
        let without = json::without(&with, "mcpServers", "hushkey").unwrap();

        prop_assert_eq!(without, Some(text));
    }

    /// In TOML, wherever the entry stands.
    #[test]
    fn without_a_backup_the_entry_alone_goes_from_toml(text in settings_in_toml(), after in settings_in_toml()) {
        let members = vec![("command".to_owned(), Value::Text("x".to_owned()))];

        let with = toml::with(&text, "mcp_servers", "hushkey", &members).unwrap();
        let without = toml::without(&with, "mcp_servers", "hushkey").unwrap();

        prop_assert_eq!(without, Some(text));
        prop_assert!(toml::read(&after, "mcp_servers", "hushkey").unwrap().is_none());
    }

    /// An entry in the midst of others goes without a trace of it and without harm to them.
    #[test]
    fn an_entry_goes_from_the_midst_of_others(text in settings_in_json(), place in 0..3_usize) {
        let members = vec![("command".to_owned(), Value::Text("x".to_owned()))];
        let with = |text: String, name: &str| json::with(&text, "mcpServers", name, &members).unwrap();
        let names = ["first", "second", "third"];
        let text = names.iter().fold(text, |text, name| with(text, name));

        let without = json::without(&text, "mcpServers", names[place]).unwrap().unwrap();

        for (index, name) in names.iter().enumerate() {
            let found = json::read(&without, "mcpServers", name).unwrap();
            prop_assert_eq!(found.is_some(), index != place, "{}", without);
        }
        prop_assert!(runs_through(&ink(&without), &ink(&text)), "{}", without);
    }
}
