//! `hushkey init`: makes the store, a vault, the key, the policy and the audit log.

use crate::{
    cli::{
        Init,
        failure::Failure,
        guard,
        opening::{self, Beginnings, Made},
        output::Output,
        passphrase::{self, Asked},
        session::Session,
    },
    config::Config,
    display_text::escaped,
    keys::KeySource,
};

/// Does what the command says.
pub(super) fn perform(arguments: Init, session: &Session) -> anyhow::Result<()> {
    guard::refuse_beneath_a_run()?;
    let config = &session.config;
    if opening::is_made(config) && !arguments.if_missing {
        return Err(Failure::Failed(format!(
            "there is a store already: {}; --if-missing is content with it, --home DIR makes another",
            config.places.store.display()
        ))
        .into());
    }
    let file = arguments.passphrase_file.as_deref();
    let asked = Asked::Twice("New passphrase");
    let passphrase = match arguments.passphrase && !opening::is_made(config) {
        true => Some(passphrase::given(file, asked)?),
        false => None,
    };
    let beginnings = Beginnings {
        vault: arguments.vault,
        strict: arguments.strict,
        passphrase,
    };
    let made = opening::make(config, &beginnings)?;
    tell(&made, &beginnings, config, session.output)
}

fn tell(
    made: &Made,
    beginnings: &Beginnings,
    config: &Config,
    output: Output,
) -> anyhow::Result<()> {
    let places = &config.places;
    if output.is_json() {
        return output.json(&serde_json::json!({
            "made": made.vault.is_some() || made.policy,
            "vault": made.vault.as_ref().map(|vault| serde_json::json!({
                "id": vault.id.as_str(),
                "name": vault.name,
            })),
            "store": places.store,
            "policy": places.policy,
            "audit": places.audit,
            "key": match &config.key {
                KeySource::File(path) => {
                    serde_json::json!({ "file": path, "passphrase": beginnings.passphrase.is_some() })
                }
                KeySource::Command(words) => serde_json::json!({ "command": words.first() }),
            },
        }));
    }
    if opening::is_connect(config) {
        return tell_of_server(made, beginnings, config, output);
    }
    let Some(vault) = &made.vault else {
        return output.line("everything is there already");
    };
    output.line(&format!(
        "Made vault {} in {}",
        escaped(&vault.name),
        places.store.display()
    ))?;
    output.line(&match &config.key {
        KeySource::File(path) if beginnings.passphrase.is_some() => format!(
            "Key:    {}, locked by the passphrase; `hushkey unlock` opens the store for a while",
            path.display()
        ),
        KeySource::File(path) => format!(
            "Key:    {} (whoever has it and the store has your secrets)",
            path.display()
        ),
        KeySource::Command(words) => format!(
            "Key:    from `{}`",
            words.first().map_or("", String::as_str)
        ),
    })?;
    output.line(&format!("Audit:  {}", places.audit.display()))?;
    output.line(&format!("Policy: {}", places.policy.display()))?;
    match (made.policy, beginnings.strict) {
        (false, _) => output.line("        (it was there, and was left as it is)"),
        (true, true) => output.line(
            "        It grants nothing. `hushkey agent allow NAME --vault VAULT=use` and `--command PATTERN --secrets \
             PATTERN` do.",
        ),
        (true, false) => output.line(
            "        Agent `default` may write in this vault and run any program with its secrets. To narrow it, edit the \
             file: it says how; `hushkey policy check` reads it.",
        ),
    }
}

/// With a Connect server there is no store to make, and no vault.
fn tell_of_server(
    made: &Made,
    beginnings: &Beginnings,
    config: &Config,
    output: Output,
) -> anyhow::Result<()> {
    let places = &config.places;
    output.line("The secrets are on the Connect server; what is kept here:")?;
    output.line(&format!("Audit:  {}", places.audit.display()))?;
    output.line(&format!("Policy: {}", places.policy.display()))?;
    output.line(&match (made.policy, beginnings.strict) {
        (false, _) => "        (it was there, and was left as it is)".to_owned(),
        (true, true) => "        It grants nothing. `hushkey agent allow` does.".to_owned(),
        (true, false) => format!(
            "        Agent `default` may write in vault {} and run any program with its secrets. To narrow it, edit the file: it \
             says how; `hushkey policy check` reads it.",
            escaped(&beginnings.vault)
        ),
    })
}
