//! Which protection is in force, and how to get to the next.
//!
//! Three tiers, as SECURITY.md has them: 0, hushkey and the agent are the same user; 1, the agent is locked up by
//! the same user; 2, hushkey is another user, or another machine.

use super::Finding;
use crate::{
    cli::{guard, opening},
    config::Config,
    keys::KeySource,
};

/// Names the tier, and what this process does for itself.
pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let mut findings = vec![tier(config)];
    findings.push(if closed_to_others() {
        Finding::good(
            "memory",
            "other processes of this user can't read hushkey's memory; root can",
        )
    } else {
        Finding::look(
            "memory",
            "other processes of this user can read hushkey's memory",
        )
    });
    findings.push(approvals(config));
    if let Some(variable) = guard::agent_here() {
        findings.push(Finding::look(
            "shell",
            format!("{variable} tells that this is an agent's shell: values are not printed here, and rights not changed"),
        ));
    }
    findings
}

fn tier(config: &Config) -> Finding {
    let user = rustix::process::geteuid();
    let called_by = std::env::var("SUDO_UID")
        .ok()
        .and_then(|uid| uid.parse::<u32>().ok());
    if called_by.is_some_and(|uid| uid != user.as_raw() && uid != 0) {
        return Finding::good(
            "tier",
            "2 of 2: hushkey is another user than its caller, who can read neither key nor policy unless sudo lets them",
        );
    }
    let key = match (&config.key, opening::key::locked(config)) {
        (KeySource::Command(_), _) => "run the key command",
        (KeySource::File(_), Ok(Some(_))) => "ask for the key while the store is unlocked",
        (KeySource::File(_), _) => "read the key file",
    };
    Finding::look(
        "tier",
        format!(
            "0 of 2: an agent with a shell as this user can {key}, edit the policy and read a program's environment, so this \
             stops accidents and not an attack. Next: give hushkey a user of its own, and start it in the agent's \
             configuration as `sudo -n -u THAT_USER hushkey mcp`"
        ),
    )
}

/// What a person's yes is worth here.
fn approvals(config: &Config) -> Finding {
    match opening::key::locked(config) {
        Ok(Some(_)) => Finding::good(
            "approvals",
            "a yes of yours needs the passphrase; one in a client's own dialogue counts only where the policy says `approve_by = \"any\"`",
        ),
        _ => Finding::look(
            "approvals",
            "any program of this user, an agent's shell too, can say yes in your place (`hushkey approve --yes`); \
             `hushkey passphrase set` makes a yes need the passphrase",
        ),
    }
}

#[cfg(target_os = "linux")]
fn closed_to_others() -> bool {
    use rustix::process::{DumpableBehavior, dumpable_behavior};

    matches!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable))
}

#[cfg(not(target_os = "linux"))]
fn closed_to_others() -> bool {
    false
}
