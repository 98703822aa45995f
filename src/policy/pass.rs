//! The policy as it is for one run that its owner allowed once.
//!
//! What a pass is good for is compared by whoever holds it, to the letter. So the rule that stands in for it here is
//! wide, and must decide about that very run and nothing else.

use crate::{
    access::AgentName,
    limits::Limits,
    policy::{
        Approve, CommandPattern, OutputMode, Policy, ReferencePattern, Right, Rule, RuleId,
        ShortValues, Surroundings, VaultGrant,
    },
    vault::{ItemId, VaultId},
};

impl Policy {
    /// Lets an agent run any command with the fields of these items, before all its other rules. It may set no plain
    /// variable with that, and what its table demands of every run holds on.
    #[must_use]
    pub fn with_pass(mut self, agent: &AgentName, items: &[(VaultId, ItemId)]) -> Self {
        let granted = self.agents.entry(agent.clone()).or_default();
        for (vault, _) in items {
            let rights = granted.rights(vault).with(Right::Use);
            granted
                .vaults
                .retain(|it| it.group.is_some() || it.bound.as_ref() != Some(vault));
            granted.vaults.push(VaultGrant {
                line: 0,
                group: None,
                key: vault.to_string(),
                rights,
                bound: Some(vault.clone()),
            });
        }
        let patterns = items.iter().filter_map(|(vault, item)| {
            ReferencePattern::parse(&format!("op://{vault}/{item}")).ok()
        });
        if let Ok(run) = CommandPattern::parse("**") {
            let rule = Rule {
                id: RuleId {
                    agent: agent.clone(),
                    number: 0,
                },
                line: 0,
                run,
                secrets: patterns.collect(),
                env: Vec::new(),
                approve: Approve::Never,
                approve_by: None,
                require_reason: false,
                output: OutputMode::Full,
                short_values: ShortValues::default(),
                plain: Vec::new(),
                timeout: None,
                limits: Limits::default(),
                cwd: Vec::new(),
                surroundings: Surroundings::default(),
                group: None,
            };
            granted.rules.insert(0, rule);
        }
        self
    }
}
