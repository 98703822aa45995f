//! What an agent would be answered, and why: asked by the owner, with nothing run and no value read.
//!
//! Everything is resolved as for the agent's own request, but with the owner's eyes: a field that the agent may not know of
//! is found all the same, so that the answer can say so.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::{
    access::{Agent, AgentName, Caller, Standing},
    broker::{Broker, BrokerError, program, resolve::Target},
    launch::LaunchError,
    policy::{Explanation, Governed, Run},
    vault::SecretReference,
};

/// A run that an agent might ask for.
#[derive(Clone, Debug)]
pub struct RunInQuestion {
    /// Who would ask.
    pub agent: AgentName,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// What it would get.
    pub references: Vec<SecretReference>,
    /// The plain variables that it would set.
    pub variables: Vec<String>,
    /// Where it would start; the first of the agent's roots when absent.
    pub cwd: Option<PathBuf>,
    /// Whether it would say why.
    pub reasoned: bool,
}

impl Broker {
    /// Tells what the policy would answer to a run, and which rules had a say.
    ///
    /// # Errors
    /// [`BrokerError`] when the program or a field is not there.
    pub async fn explain(&self, asked: &RunInQuestion) -> Result<Explanation, BrokerError> {
        let owner = self.ask(&Caller::Owner).await?;
        let agent = Agent {
            name: asked.agent.clone(),
            default_roots: Vec::new(),
            client: None,
            standing: Standing {
                distant: false,
                proven: true,
            },
        };
        let roots = owner.policy.roots(&agent);
        let cwd = asked.cwd.as_deref().or(roots.first().map(PathBuf::as_path));
        let cwd = cwd.unwrap_or(Path::new("/"));
        let cwd = cwd.canonicalize().unwrap_or_else(|_| cwd.to_owned());
        let (name, arguments) = asked.command.split_first().ok_or_else(|| {
            BrokerError::Invalid("the command is empty; name a program and its arguments".into())
        })?;
        let Some(program) = program::find(name, &cwd, owner.policy.search_path()) else {
            return Err(BrokerError::Launch(LaunchError::NotFound {
                program: crate::display_text::escaped(name).into(),
            }));
        };
        let mut targets = Vec::new();
        for reference in &asked.references {
            targets.push(self.target(&owner.seen, reference).await?);
        }
        let secrets: Vec<Governed<'_>> = targets.iter().map(Target::governed).collect();
        let variables: Vec<&str> = asked.variables.iter().map(String::as_str).collect();
        let run = Run {
            program: &program,
            arguments,
            variables: &variables,
            secret_variables: &[],
            secrets: &secrets,
            cwd: &cwd,
            output: None,
            reasoned: asked.reasoned,
        };
        let caller = Caller::Agent(agent);
        Ok(owner.policy.explain(&caller, &run, Timestamp::now()))
    }
}
