//! `hushkey setup`: tells clients on this machine of hushkey.
//!
//! It opens no vault and gives nobody a right. But an entry says by which name a client is known to the policy, and whether it is
//! offered everything; so writing one is for a person, and an agent's shell may only look.

use std::path::Path;

use jiff::Timestamp;

use crate::{
    access::AgentName,
    cli::{BackendName, Global, Setup, failure::Failure, guard, session::Session},
    setup::{CLIENTS, Client, Entry, Place, SetupError, Standing, Surroundings},
};

mod advice;
mod program;
mod report;

use report::{Listed, Report};

/// Does what the command says.
pub(super) fn perform(arguments: &Setup, global: &Global, session: &Session) -> anyhow::Result<()> {
    let around = surroundings(arguments)?;
    let agent = match &arguments.agent {
        Some(name) => AgentName::parse(name).map_err(|error| Failure::Usage(error.to_string()))?,
        None => session.config.agent.name.clone(),
    };
    let (entry, fleeting) = match &arguments.url {
        Some(url) => {
            let entry = Entry::Served {
                url: url.clone(),
                token_variable: arguments.token_variable.clone(),
            };
            (entry, None)
        }
        None => {
            let program = program::own(&around)?;
            let entry = Entry::Started {
                arguments: words(arguments, global)?,
                program: program.path,
            };
            (entry, program.warning)
        }
    };
    let work = Work {
        arguments,
        entry,
        agent,
        around,
        session,
    };
    let Some(chosen) = work.chosen()? else {
        return work.list();
    };
    if !arguments.print {
        guard::refuse_agents("`hushkey setup` without --print")?;
        guard::refuse_beneath_a_run()?;
    }
    let mut warnings = advice::warnings(session, &work.entry);
    warnings.extend(fleeting);
    if !arguments.remove {
        warnings
            .iter()
            .for_each(|warning| session.output.note(warning));
    }
    work.each(&chosen)
}

/// What is done, and for whom.
struct Work<'a> {
    arguments: &'a Setup,
    entry: Entry,
    agent: AgentName,
    around: Surroundings,
    session: &'a Session,
}

impl Work<'_> {
    /// The clients that are meant; nothing if they are only to be listed.
    fn chosen(&self) -> Result<Option<Vec<&'static Client>>, Failure> {
        if let Some(word) = &self.arguments.client {
            let client = Client::named(word);
            let client =
                client.ok_or_else(|| Failure::Usage("there is no such client".to_owned()))?;
            return Ok(Some(vec![client]));
        }
        if !self.arguments.all {
            if self.arguments.print || self.arguments.remove {
                return Err(Failure::Usage(
                    "say which client, or --all; `hushkey setup` lists them".to_owned(),
                ));
            }
            return Ok(None);
        }
        let here: Vec<_> = CLIENTS
            .iter()
            .filter(|client| {
                client.is_here(&self.around) && client.settings(&self.around).is_some()
            })
            .filter_map(|client| Client::named(client.id))
            .collect();
        if here.is_empty() {
            return Err(Failure::NotFound(
                "none of the clients that setup knows is here; `hushkey setup` lists them"
                    .to_owned(),
            ));
        }
        Ok(Some(here))
    }

    /// Goes from client to client; one that fails does not keep the others from their turn.
    fn each(&self, clients: &[&'static Client]) -> anyhow::Result<()> {
        let (mut reports, mut failures) = (Vec::new(), Vec::new());
        for client in clients {
            match self.one(client) {
                Ok(report) => reports.push(report),
                Err(error) => failures.push(error),
            }
        }
        let output = self.session.output;
        if output.is_json() {
            match (self.arguments.all, reports.first()) {
                (true, _) => output.json(&reports)?,
                (false, Some(report)) => output.json(report)?,
                (false, None) => {}
            }
        } else {
            reports.iter().try_for_each(|report| report.tell(output))?;
        }
        let last = failures.pop();
        failures.iter().for_each(|error| output.failure(error));
        last.map_or(Ok(()), Err)
    }

    fn one(&self, client: &'static Client) -> anyhow::Result<Report> {
        let file = client.settings(&self.around).ok_or_else(|| {
            Failure::Usage(format!(
                "{} has no settings of a project's own; leave --project away",
                client.title
            ))
        })?;
        let place = self.place(client, &file);
        let failed = |error: SetupError| Failure::Failed(format!("{}: {error}", client.title));
        let report = Report {
            client: client.id,
            result: "",
            changed: Vec::new(),
            dropped: Vec::new(),
            file: file.display().to_string(),
            backup: None,
            name: self.arguments.name.clone(),
            entry: None,
            text: None,
            next: Vec::new(),
        };
        if self.arguments.remove {
            let done = place.remove(Timestamp::now()).map_err(failed)?;
            return Ok(report.done(done));
        }
        let report = Report {
            entry: Some((&self.entry).into()),
            next: advice::next(client, &self.entry, &self.agent, self.session),
            ..report
        };
        if self.arguments.print {
            // Settings that setup can't change are the very ones that somebody looks for the entry for.
            let standing = place.standing(&self.entry);
            return Ok(Report {
                result: standing.map_or("unreadable", |standing| state(&standing)),
                text: Some(place.snippet(&self.entry).map_err(failed)?),
                ..report
            });
        }
        let done = place.add(&self.entry, Timestamp::now()).map_err(failed)?;
        Ok(report.done(done))
    }

    fn place<'p>(&'p self, client: &'static Client, file: &'p Path) -> Place<'p> {
        Place {
            client,
            file,
            name: &self.arguments.name,
            project: self.around.project(),
        }
    }

    fn list(&self) -> anyhow::Result<()> {
        let listed: Vec<Listed> = CLIENTS
            .iter()
            .filter_map(|client| self.listed(client))
            .collect();
        report::tell_all(&listed, self.session.output)
    }

    fn listed(&self, client: &'static Client) -> Option<Listed> {
        let file = client.settings(&self.around)?;
        let (state, problem) = match self.place(client, &file).standing(&self.entry) {
            Ok(standing) => (state(&standing), None),
            Err(error) => ("unreadable", Some(error.to_string())),
        };
        Some(Listed {
            client: client.id,
            title: client.title,
            here: client.is_here(&self.around),
            state,
            file: file.display().to_string(),
            problem,
        })
    }
}

/// How an entry stands, as a word.
fn state(standing: &Standing) -> &'static str {
    match standing {
        Standing::Absent => "absent",
        Standing::Differs(members) if members.iter().any(|member| member == "command") => {
            "other_program"
        }
        Standing::Differs(_) => "other_options",
        Standing::OtherKind(_) => "other_kind",
        Standing::Same => "there",
    }
}

fn surroundings(arguments: &Setup) -> Result<Surroundings, Failure> {
    let project = match arguments.project {
        true => Some(
            std::env::current_dir().map_err(|error| Failure::file("read", ".".as_ref(), &error))?,
        ),
        false => None,
    };
    Surroundings::new(
        &|name| std::env::var_os(name),
        cfg!(target_os = "macos"),
        project,
    )
    .ok_or_else(|| {
        Failure::Usage(
            "HOME is not set, so nobody knows where clients keep their settings".to_owned(),
        )
    })
}

/// The words that follow the program's name in the entry.
fn words(arguments: &Setup, global: &Global) -> Result<Vec<String>, Failure> {
    let mut words = vec!["mcp".to_owned()];
    let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
    if let Some(home) = &global.home {
        option("--home", absolute(home)?);
    }
    match global.backend {
        Some(BackendName::Connect) => option("--backend", "connect".to_owned()),
        Some(BackendName::Local) => option("--backend", "local".to_owned()),
        None => {}
    }
    if let Some(agent) = &arguments.agent {
        option("--agent", agent.clone());
    }
    if let Some(file) = &arguments.agent_token_file {
        option("--agent-token-file", absolute(file)?);
    }
    if !arguments.tools.is_empty() {
        option("--tools", arguments.tools.join(","));
    }
    if !arguments.exclude_tools.is_empty() {
        option("--exclude-tools", arguments.exclude_tools.join(","));
    }
    if arguments.read_only {
        words.push("--read-only".to_owned());
    }
    Ok(words)
}

/// A path as it is true in every directory: who knows where a client starts its servers?
fn absolute(path: &Path) -> Result<String, Failure> {
    let absolute =
        std::path::absolute(path).map_err(|error| Failure::file("read", path, &error))?;
    let text = absolute.into_os_string().into_string();
    text.map_err(|_| {
        Failure::Usage(format!(
            "`{}` can't stand in a client's file: it is not in UTF-8",
            path.display()
        ))
    })
}
