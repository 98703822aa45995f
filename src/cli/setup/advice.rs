//! What to do after a client was told, and what may stand in the way.

use std::path::Path;

use crate::{
    access::AgentName,
    broker::PolicySource as _,
    cli::{opening, session::Session},
    policy_file::PolicyFile,
    setup::{Client, Entry},
};

/// What a person does next, in order.
pub(super) fn next(
    client: &Client,
    entry: &Entry,
    agent: &AgentName,
    session: &Session,
) -> Vec<String> {
    let mut steps = Vec::new();
    match entry {
        Entry::Served { token_variable, .. } => steps.push(format!(
            "put the agent's token into {token_variable} where {} starts; where it is served, `hushkey agent create NAME` \
             prints one",
            client.title
        )),
        Entry::Started { .. } if !opening::is_made(&session.config) => {
            steps.push("`hushkey init` makes a vault; the first use would do it as well".to_owned());
        }
        Entry::Started { .. } if !has_rights(agent, session) => steps.push(format!(
            "agent `{agent}` may do nothing yet: `hushkey agent allow {agent} --vault Dev=use` gives it a right"
        )),
        Entry::Started { .. } => {}
    }
    steps.push(client.next.to_owned());
    steps
}

/// What the client may not pass on to the server, although it matters here.
pub(super) fn warnings(session: &Session, entry: &Entry) -> Vec<String> {
    let Entry::Started { arguments, .. } = entry else {
        return Vec::new();
    };
    let mut warnings = Vec::new();
    let places = [
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_DATA_HOME", ".local/share"),
        ("XDG_STATE_HOME", ".local/state"),
    ];
    let home = std::env::home_dir().unwrap_or_default();
    let moved = places.into_iter().find(|(name, usual)| {
        std::env::var_os(name).is_some_and(|place| home.join(usual) != Path::new(&place))
    });
    let has_home = arguments.iter().any(|word| word == "--home");
    if let (Some((name, _)), false) = (moved, has_home) {
        warnings.push(format!(
            "{name} is set here, and many clients don't pass it on: then hushkey looks elsewhere; --home DIR would stand in \
             the entry"
        ));
    }
    if opening::is_connect(&session.config) && std::env::var_os("OP_CONNECT_TOKEN").is_some() {
        warnings.push(
            "the Connect server is known from variables, which many clients don't pass on, and an entry is no place for a \
             token: put `host` and `token_file` beneath [connect] in config.toml"
                .to_owned(),
        );
    }
    warnings
}

/// Whether the policy grants the agent anything; a policy that can't be read is told by whoever needs it.
fn has_rights(agent: &AgentName, session: &Session) -> bool {
    let policy = PolicyFile::new(session.config.places.policy.clone(), std::env::home_dir());
    let Ok(policy) = policy.current() else {
        return true;
    };
    let agents = policy.describe().agents;
    agents
        .iter()
        .any(|known| known.name == agent.as_str() && !known.vaults.is_empty())
}
