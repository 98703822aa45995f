//! An agent's name in the policy file: put in, and changed.

use toml_edit::{DocumentMut, Item, Key, Table};

use super::{EditError, checked, finished, implicit, parsed};
use crate::access::AgentName;

/// Names an agent that may do nothing yet; one that is named already changes nothing.
///
/// # Errors
/// [`EditError::Policy`] when the text is no policy.
pub fn add_agent(text: &str, agent: &AgentName) -> Result<String, EditError> {
    if checked(text)?.agents.contains_key(agent) {
        return Ok(text.to_owned());
    }
    let mut document = parsed(text);
    let agents = implicit(document.as_table_mut(), "agents");
    agents.insert(agent.as_str(), Item::Table(Table::new()));
    finished(&document)
}

/// Gives an agent's part of the policy to another name, with its comments and in its place; an agent that is not there
/// changes nothing.
///
/// # Errors
/// [`EditError::Exists`] when the new name is taken, [`EditError::Policy`] when the text is no policy.
pub fn rename_agent(text: &str, from: &AgentName, to: &AgentName) -> Result<String, EditError> {
    let policy = checked(text)?;
    if policy.agents.contains_key(to) {
        return Err(EditError::Exists(to.clone()));
    }
    if !policy.agents.contains_key(from) {
        return Ok(text.to_owned());
    }
    let mut document = parsed(text);
    let agents = implicit(document.as_table_mut(), "agents");
    let decor = agents
        .key(from.as_str())
        .map(|key| key.leaf_decor().clone());
    // Not there where only groups name it.
    if let Some(part) = agents.remove(from.as_str()) {
        let key = Key::new(to.as_str()).with_leaf_decor(decor.unwrap_or_default());
        agents.entry_format(&key).or_insert(part);
    }
    rename_members(&mut document, from, to);
    finished(&document)
}

fn rename_members(document: &mut DocumentMut, from: &AgentName, to: &AgentName) {
    let groups = document.get_mut("groups").and_then(Item::as_table_like_mut);
    for (_, group) in groups.into_iter().flat_map(|groups| groups.iter_mut()) {
        let members = group.get_mut("members").and_then(Item::as_array_mut);
        for member in members.into_iter().flat_map(|members| members.iter_mut()) {
            if member.as_str() == Some(from.as_str()) {
                let decor = member.decor().clone();
                *member = to.as_str().into();
                *member.decor_mut() = decor;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn name(name: &str) -> AgentName {
        AgentName::parse(name).unwrap()
    }

    #[test]
    fn an_agent_is_named_once_and_may_do_nothing() {
        let text = add_agent(
            "# ours\n\n[agents.a.vaults]\nDev = \"use\"\n",
            &name("new.one"),
        )
        .unwrap();

        assert_snapshot!(text, @r#"
        # ours

        [agents.a.vaults]
        Dev = "use"

        [agents."new.one"]
        "#);
        assert_eq!(add_agent(&text, &name("new.one")).unwrap(), text);
    }

    #[test]
    fn a_renamed_agent_keeps_its_rules_and_their_comments() {
        let text = "# ours\n[agents.a] # first\nroots = []\n# what it may\n[agents.a.vaults] # here\nDev = \"use\" # now\n\n\
                    # db\n[[agents.a.commands]]\nrun = \"psql\"\n\n[agents.b]\n";

        let renamed = rename_agent(text, &name("a"), &name("z")).unwrap();

        assert_eq!(renamed, text.replace("agents.a", "agents.z"));
        assert_eq!(
            rename_agent(text, &name("nobody"), &name("z")).unwrap(),
            text
        );
        let grouped = format!("{text}[groups.g]\nmembers = [\"b\", \"a\", \"c\"] # all\n");
        let renamed = rename_agent(&grouped, &name("c"), &name("d")).unwrap();
        assert_eq!(renamed, grouped.replace("\"c\"", "\"d\""));
        let renamed = rename_agent(&grouped, &name("a"), &name("z")).unwrap();
        assert_eq!(
            renamed,
            grouped
                .replace("agents.a", "agents.z")
                .replace("\"a\"", "\"z\"")
        );
        let grouped = "[agents.a]\n[groups.g]\nmembers = [\"b\", \"a\"] # both\n";
        let renamed = rename_agent(grouped, &name("a"), &name("z")).unwrap();
        assert_eq!(
            renamed,
            "[agents.z]\n[groups.g]\nmembers = [\"b\", \"z\"] # both\n"
        );
        let taken = rename_agent(text, &name("a"), &name("b"));
        assert_eq!(taken, Err(EditError::Exists(name("b"))));
    }
}
