//! What is shipped says the same as what is built: versions, tools, commands.

use std::{collections::BTreeMap, fs};

use clap::{CommandFactory, Parser};
use hushkey::cli::Arguments;
use serde_json::Value;

use crate::source::root;

fn json(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(root().join(path)).unwrap()).unwrap()
}

#[test]
fn every_package_has_the_version_that_is_built() {
    let built = env!("CARGO_PKG_VERSION");

    assert_eq!(json("packaging/mcpb/manifest.json")["version"], built);
    assert_eq!(json("packaging/server.json")["version"], built);
}

#[test]
fn the_bundle_announces_the_tools_that_there_are_in_their_own_words() {
    let manifest = json("packaging/mcpb/manifest.json");
    let announced = manifest["tools"].as_array().unwrap().iter();
    let announced: Vec<String> = announced
        .map(|tool| {
            let text = |key: &str| tool[key].as_str().unwrap();
            format!("| `{}` | {} |", text("name"), text("description"))
        })
        .collect();

    let table = hushkey::mcp::tool_table();
    let tools: Vec<&str> = table.lines().skip(2).collect();

    assert_eq!(announced.len(), tools.len(), "packaging/mcpb/manifest.json");
    for (announced, tool) in announced.iter().zip(tools) {
        assert!(tool.starts_with(announced), "{announced} should say {tool}");
    }
}

#[test]
fn the_bundle_starts_the_server_with_options_that_there_are() {
    let manifest = json("packaging/mcpb/manifest.json");
    let configuration = &manifest["server"]["mcp_config"];
    let words = configuration["args"].as_array().unwrap().iter();
    let words = words.map(|word| word.as_str().unwrap());

    Arguments::try_parse_from(std::iter::once("hushkey").chain(words)).unwrap();
    let mut command = Arguments::command();
    // What a subcommand takes is made when it is asked for.
    command.build();
    let mcp = command.find_subcommand("mcp").unwrap();
    for variable in configuration["env"].as_object().unwrap().keys() {
        let option = variable
            .strip_prefix("HUSHKEY_")
            .unwrap()
            .to_lowercase()
            .replace('_', "-");
        let known = mcp
            .get_arguments()
            .any(|argument| argument.get_long() == Some(&option));
        assert!(known, "`hushkey mcp` has no --{option}");
    }
    for (name, option) in manifest["user_config"].as_object().unwrap() {
        assert!(
            !option["default"].is_null(),
            "{name} is filled in where nobody chose"
        );
        assert_ne!(
            option["sensitive"], true,
            "{name}: a client is no place for secrets"
        );
    }
}

#[test]
fn what_the_registry_is_told_is_as_it_demands() {
    let server = json("packaging/server.json");
    let text = |key: &str| server[key].as_str().unwrap();

    // The limits of the registry's schema of 2025-12-11.
    assert!(text("$schema").ends_with("/2025-12-11/server.schema.json"));
    assert!(
        (1..=100).contains(&text("description").len()),
        "{}",
        text("description")
    );
    let (namespace, name) = text("name").split_once('/').unwrap();
    assert!(
        namespace.starts_with("io.github.") && name == "hushkey",
        "{}",
        text("name")
    );
    assert_eq!(server["repository"]["source"], "github");
    let known = [
        "$schema",
        "description",
        "name",
        "packages",
        "repository",
        "title",
        "version",
    ];
    assert!(
        server
            .as_object()
            .unwrap()
            .keys()
            .all(|key| known.contains(&key.as_str()))
    );
}

#[test]
fn the_containers_commands_are_commands_of_the_binary() {
    let text = fs::read_to_string(root().join("Containerfile")).unwrap();
    let mut commands: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for line in text.lines() {
        for word in ["CMD", "ENTRYPOINT", "HEALTHCHECK"] {
            if let (true, Some(list)) = (line.starts_with(word), line.find('[')) {
                commands.insert(word, serde_json::from_str(&line[list..]).unwrap());
            }
        }
    }

    let program = &commands["ENTRYPOINT"][0];
    assert!(
        text.contains(&format!("dist/hushkey {program}\n")),
        "the entry point is what was copied"
    );
    for words in [
        [&commands["ENTRYPOINT"][..], &commands["CMD"]].concat(),
        commands["HEALTHCHECK"].clone(),
    ] {
        assert_eq!(&words[0], program);
        Arguments::try_parse_from(&words).unwrap();
    }
    for line in text
        .lines()
        .filter_map(|line| line.strip_prefix("#   podman run "))
    {
        let words = line.split_once("hushkey ").unwrap().1;
        let words = words
            .split_once("hushkey ")
            .map_or(words, |(_, words)| words);
        Arguments::try_parse_from(std::iter::once("hushkey").chain(words.split(' '))).unwrap();
    }
    let users: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("USER "))
        .collect();
    assert_eq!(users, ["65532:65532"], "not root, by number");
}
