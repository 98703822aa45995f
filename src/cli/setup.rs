//! `hushkey setup`: tells clients on this machine of hushkey.
//!
//! It opens no vault and gives nobody a right. But an entry says by which name a client is known to the policy, and whether it is
//! offered everything; so writing one is for a person, and an agent's shell may only look.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    access::AgentName,
    cli::{BackendName, Global, Setup, failure::Failure, guard, output::Ink, session::Session},
    display_text::escaped,
    setup::{CLIENTS, Client, Done, Entry, Outcome, Place, Standing, Surroundings},
};

mod advice;
mod program;

/// Does what the command says.
pub(super) fn perform(arguments: &Setup, global: &Global, session: &Session) -> anyhow::Result<()> {
    let around = surroundings(arguments)?;
    let program = program::own(&around)?;
    let agent = match &arguments.agent {
        Some(name) => AgentName::parse(name).map_err(|error| Failure::Usage(error.to_string()))?,
        None => session.config.agent.name.clone(),
    };
    let entry = Entry {
        arguments: words(arguments, global)?,
        program: program.path,
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
    warnings.extend(program.warning);
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

/// What was done with one client, or would be.
#[derive(Debug, Serialize)]
struct Report {
    client: &'static str,
    result: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed: Vec<String>,
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    backup: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<EntryView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    next: Vec<String>,
}

#[derive(Debug, Serialize)]
struct EntryView {
    name: String,
    command: String,
    args: Vec<String>,
}

/// One client in the list.
#[derive(Debug, Serialize)]
struct Listed {
    client: &'static str,
    title: &'static str,
    here: bool,
    state: &'static str,
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
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
            reports.iter().try_for_each(|report| self.tell(report))?;
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
        let place = Place {
            client,
            file: &file,
            name: &self.arguments.name,
            shared: self.around.is_project(),
        };
        let failed =
            |error: crate::setup::SetupError| Failure::Failed(format!("{}: {error}", client.title));
        let now = Timestamp::now();
        if self.arguments.print {
            // Settings that setup can't change are the very ones that somebody looks for the entry for.
            let state = place
                .standing(&self.entry)
                .map_or("unreadable", |standing| state(&standing));
            return Ok(Report {
                text: Some(place.snippet(&self.entry)),
                ..self.report(client, state, file.display().to_string())
            });
        }
        let done = match self.arguments.remove {
            true => place.remove(now),
            false => place.add(&self.entry, now),
        };
        Ok(self.done(client, done.map_err(failed)?))
    }

    fn done(&self, client: &'static Client, done: Done) -> Report {
        let (result, changed) = match done.outcome {
            Outcome::Added => ("added", Vec::new()),
            Outcome::AlreadyThere => ("already_there", Vec::new()),
            Outcome::Deleted => ("deleted", Vec::new()),
            Outcome::NotThere => ("not_there", Vec::new()),
            Outcome::Removed => ("removed", Vec::new()),
            Outcome::Restored => ("restored", Vec::new()),
            Outcome::Updated(members) => ("updated", members),
        };
        Report {
            changed,
            backup: done.backup.map(|backup| backup.display().to_string()),
            ..self.report(client, result, done.file.display().to_string())
        }
    }

    fn report(&self, client: &'static Client, result: &'static str, file: String) -> Report {
        let gone = self.arguments.remove;
        Report {
            client: client.id,
            result,
            changed: Vec::new(),
            file,
            backup: None,
            entry: (!gone).then(|| EntryView {
                name: self.arguments.name.clone(),
                command: self.entry.program.clone(),
                args: self.entry.arguments.clone(),
            }),
            text: None,
            next: match gone {
                true => Vec::new(),
                false => advice::next(client, &self.agent, self.session),
            },
        }
    }

    fn tell(&self, report: &Report) -> anyhow::Result<()> {
        let output = self.session.output;
        let (name, file) = (&self.arguments.name, escaped(&report.file));
        let title = Client::named(report.client).map_or(report.client, |client| client.title);
        if let Some(text) = &report.text {
            // The entry alone is what somebody may want to hand on.
            output.note(&format!("{title} reads this from {file}:"));
            output.line(text.trim_end())?;
            return Ok(());
        } else {
            let sentence = match report.result {
                "added" => format!("`{name}` is in {file} now"),
                "already_there" => format!("`{name}` was in {file} already; nothing was written"),
                "deleted" => format!("{file} held nothing but `{name}`, and is gone"),
                "not_there" => format!("there is no `{name}` in {file}; nothing was written"),
                "removed" => format!("`{name}` is no longer in {file}"),
                "restored" => format!("{file} is what it was before `{name}` came into it"),
                _ => format!(
                    "`{name}` in {file} has another {} now",
                    report.changed.join(" and ")
                ),
            };
            output.line(&format!("{}: {sentence}", output.ink(Ink::Bold, title)))?;
            let entry = report
                .entry
                .iter()
                .filter(|_| report.result != "already_there");
            for EntryView { command, args, .. } in entry {
                let words =
                    std::iter::once(command.as_str()).chain(args.iter().map(String::as_str));
                let command = shlex::try_join(words).unwrap_or_else(|_| command.clone());
                output.line(&format!("  starts  {}", escaped(&command)))?;
            }
            if let Some(backup) = &report.backup {
                output.line(&format!("  before  {}", escaped(backup)))?;
            }
        }
        for step in &report.next {
            output.line(&format!("  next    {step}"))?;
        }
        Ok(())
    }

    /// Lists the clients, those that are here first to see.
    fn list(&self) -> anyhow::Result<()> {
        let listed: Vec<Listed> = CLIENTS
            .iter()
            .filter_map(|client| self.listed(client))
            .collect();
        let output = self.session.output;
        if output.is_json() {
            return output.json(&listed);
        }
        let rows: Vec<[String; 4]> = listed
            .iter()
            .map(|listed| {
                let here = if listed.here { "yes" } else { "-" };
                [
                    listed.client.to_owned(),
                    here.to_owned(),
                    listed.state.replace('_', " "),
                    escaped(&listed.file),
                ]
            })
            .collect();
        output.table(["CLIENT", "HERE", "HUSHKEY", "FILE"], &rows)?;
        for problem in listed.iter().filter_map(|listed| listed.problem.as_ref()) {
            output.note(problem);
        }
        let open = |listed: &&Listed| listed.here && listed.state == "absent";
        match listed.iter().find(open) {
            Some(one) => output.note(&format!(
                "`hushkey setup {}` tells that client of hushkey, `hushkey setup --all` all that are here; --print only shows",
                one.client
            )),
            None if listed.iter().any(|listed| listed.here) => {}
            None => output.note("none of these clients is here; `hushkey setup CLIENT` writes its file all the same"),
        }
        Ok(())
    }

    fn listed(&self, client: &'static Client) -> Option<Listed> {
        let file = client.settings(&self.around)?;
        let place = Place {
            client,
            file: &file,
            name: &self.arguments.name,
            shared: self.around.is_project(),
        };
        let (state, problem) = match place.standing(&self.entry) {
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
        Standing::Elsewhere(_) => "elsewhere",
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
fn absolute(path: &std::path::Path) -> Result<String, Failure> {
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
