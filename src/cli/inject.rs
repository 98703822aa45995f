//! `hushkey inject`: fills a template with values, onto standard output or into a file.

use std::io::{self, IsTerminal, Read};

use zeroize::Zeroizing;

use crate::{
    cli::{
        Inject,
        failure::Failure,
        guard, out_file, output, run,
        session::{OWNER, Session, wait},
    },
    template::{MAX_TEMPLATE_BYTES, Template},
};

/// Does what the command says.
pub(super) fn perform(arguments: &Inject, session: &Session) -> anyhow::Result<()> {
    guard::refuse_agents("`hushkey inject`")?;
    if let Some(path) = &arguments.out_file {
        out_file::may_write(path, arguments.force)?;
    }
    let text = text(arguments, session)?;
    let environment = run::texts(session);
    let template = Template::from_bytes(&text, |name| variable(&environment, name))
        .map_err(|error| Failure::Usage(format!("{}: {error}", shown(arguments))))?;
    let references: Vec<String> = template
        .references()
        .into_iter()
        .map(ToString::to_string)
        .collect();
    let broker = session.broker()?;
    let filled = wait(broker.reveal_template(&OWNER, template))?;

    let filled = filled.expose_secret();
    let Some(path) = &arguments.out_file else {
        if session.output.is_json() {
            let answer = serde_json::json!({ "references": references, "text": filled });
            return session.output.json(&answer);
        }
        return output::raw(filled.as_bytes());
    };
    out_file::write(path, filled.as_bytes(), arguments.file_mode)?;
    let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let path = path.display().to_string();
    if session.output.is_json() {
        let answer = serde_json::json!({ "out_file": path, "references": references });
        return session.output.json(&answer);
    }
    session.output.line(&path)
}

/// The template's bytes. They may hold values: somebody fills a template in two steps.
fn text(arguments: &Inject, session: &Session) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut text = Zeroizing::new(Vec::new());
    let most = MAX_TEMPLATE_BYTES as u64 + 1;
    match &arguments.in_file {
        Some(path) => std::fs::File::open(path)
            .and_then(|file| file.take(most).read_to_end(&mut text))
            .map_err(|error| Failure::file("read", path, &error))?,
        None => {
            if io::stdin().is_terminal() {
                session
                    .output
                    .note("reads the template from this terminal; end it with Ctrl-D");
            }
            let mut stdin = io::stdin().lock().take(most);
            let read = stdin.read_to_end(&mut text);
            read.map_err(|error| Failure::Failed(format!("standard input: {error}")))?
        }
    };
    Ok(text)
}

/// A variable by its name, in any case where none has it as written.
fn variable(environment: &[(String, String)], name: &str) -> Option<Zeroizing<String>> {
    let exact = environment.iter().find(|(known, _)| known == name);
    let in_any_case = || {
        environment
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
    };
    exact
        .or_else(in_any_case)
        .map(|(_, text)| Zeroizing::new(text.clone()))
}

fn shown(arguments: &Inject) -> String {
    match &arguments.in_file {
        Some(path) => format!("`{}`", path.display()),
        None => "the template".to_owned(),
    }
}
