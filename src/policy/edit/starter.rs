//! The policy that `hushkey init` writes.

use toml_edit::{Array, Key, Value};

/// The text of a first policy: agent `default` may write in the vault, and run any program with its secrets and any plain
/// variable; `strict` grants nothing. Comments tell how to go on. `vault` is what
/// [`crate::policy::KnownVaults::spelling`] says; `path` are the absolute directories where programs are looked up.
#[must_use]
pub fn starter(vault: &str, path: &[String], strict: bool) -> String {
    let template = if strict {
        include_str!("starter_strict.toml")
    } else {
        include_str!("starter.toml")
    };
    let path = Value::from(path.iter().collect::<Array>()).to_string();
    let secrets = Value::from(format!("op://{vault}/**")).to_string();
    template
        .replace("{path}", &path)
        .replace("{secrets}", &secrets)
        .replace("{key}", &Key::new(vault).display_repr())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use jiff::Timestamp;

    use super::*;
    use crate::{
        access::{Agent, AgentName, Caller},
        policy::{Action, Policy, Right, Rights, Run},
        vault::{VaultId, reference::Named},
    };

    fn default_agent() -> Caller {
        Caller::Agent(Agent {
            name: AgentName::parse("default").unwrap(),
            default_roots: vec![],
            client: None,
            standing: crate::access::Standing::default(),
        })
    }

    fn policy(vault: &Named<VaultId>, strict: bool) -> Policy {
        let path = ["/usr/bin".to_owned(), "/opt/\"my\" tools".to_owned()];
        let mut policy = Policy::parse(&starter(&vault.name, &path, strict), None).unwrap();
        policy.bind(std::slice::from_ref(vault));
        policy
    }

    fn vault(name: &str) -> Named<VaultId> {
        Named {
            id: VaultId::random(),
            name: name.into(),
        }
    }

    #[test]
    fn the_first_policy_lets_the_default_agent_write_and_run_anything() {
        for vault in ["Dev", "My \"own\" vault"].map(vault) {
            let policy = policy(&vault, false);
            let run = Run {
                program: Path::new("/bin/sh"),
                arguments: &["-c".into(), "x".into()],
                variables: &["DEBUG"],
                secret_variables: &[],
                secrets: &[],
                cwd: Path::new("/"),
                output: None,
                reasoned: false,
            };

            let decision =
                policy.decide(&default_agent(), &Action::Run(&run), Timestamp::UNIX_EPOCH);

            assert_eq!(policy.search_path()[1], Path::new("/opt/\"my\" tools"));
            assert_eq!(
                policy.rights(&default_agent(), &vault.id),
                Rights::level("write").unwrap()
            );
            assert!(
                !policy
                    .rights(&default_agent(), &vault.id)
                    .has(Right::Delete)
            );
            assert!(decision.is_allowed());
        }
    }

    #[test]
    fn a_strict_first_policy_grants_nothing() {
        let vault = vault("Dev");
        let policy = policy(&vault, true);

        let list = policy.decide(&default_agent(), &Action::ListVaults, Timestamp::UNIX_EPOCH);

        assert!(!list.is_allowed());
        assert_eq!(policy.rights(&default_agent(), &vault.id), Rights::NONE);
    }
}
