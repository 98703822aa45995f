//! Whether what is stored is as it was written: store, anchor, audit log, policy.

use super::Finding;
use crate::{
    broker::{Anchor, Broker, Class},
    cli::{
        failure, guard, opening, record,
        session::{OWNER, Session, wait},
    },
    config::{Backend, Config},
};

/// Opens everything and checks it; the result tells whether it could be opened.
pub(super) fn findings(config: &Config) -> (Vec<Finding>, Result<(), Class>) {
    if !opening::is_made(config) {
        return (Vec::new(), Ok(()));
    }
    let opened = guard::refuse_beneath_a_run()
        .map_err(anyhow::Error::from)
        .and_then(|()| Ok(opening::open(config)?));
    match opened {
        Ok(broker) => (
            match config.backend {
                Backend::Connect(_) => server(&broker),
                Backend::Local => vec![store(&broker), anchor(&broker)],
            }
            .into_iter()
            .chain([audit(&broker)])
            .chain(policy(&broker))
            .collect(),
            Ok(()),
        ),
        Err(error) => (
            vec![Finding::bad("open", error.to_string())],
            Err(failure::class(&error)),
        ),
    }
}

/// Takes the store as it stands, on record: from here on, this is where it was left.
pub(super) fn accept(session: &Session) -> anyhow::Result<()> {
    guard::refuse_agents("`hushkey doctor --accept-store`")?;
    guard::refuse_beneath_a_run()?;
    let broker = opening::open(&session.config)?;
    if let Anchor::Older { head, known } = wait(broker.anchor())? {
        let what = format!(
            "the store at revision {}, which was at {}",
            head.revision, known.revision
        );
        record::deed(&broker, &what, || broker.audit().accept_head(&head))?;
    }
    Ok(())
}

/// The Connect server, and what the token may do there.
fn server(broker: &Broker) -> Vec<Finding> {
    let status = match wait(broker.server_status(&OWNER)) {
        Err(error) => return vec![Finding::bad("connect", error.to_string())],
        Ok(status) => status,
    };
    let mut findings = Vec::new();
    let ailing = status.dependencies.iter().filter(|it| !it.works());
    findings.extend(ailing.map(|it| {
        let told = format!("the server needs {}, which is {}", it.service, it.status);
        Finding::bad("connect", told)
    }));
    let clock = status.clock_ahead.map_or(0, |ahead| ahead.as_secs());
    if clock.abs() > 60 {
        let told = format!(
            "the server's clock is {clock} seconds ahead of this machine's; set the one that is wrong"
        );
        findings.push(Finding::look("connect", told));
    }
    findings.push(
        match (
            &status.token.refused,
            status.token.claims.and_then(|it| it.expires_at),
        ) {
            (Some(why), _) => Finding::bad("token", why.clone()),
            (None, Some(end)) => Finding::good("token", format!("is taken, and expires at {end}")),
            (None, None) => Finding::good("token", "is taken"),
        },
    );
    findings.extend(
        status
            .token
            .vaults
            .into_iter()
            .map(|(_, name, access)| Finding::good("vault", format!("{name}: {}", access.words()))),
    );
    findings
}

fn store(broker: &Broker) -> Finding {
    match wait(broker.check()) {
        Err(error) => Finding::bad("store", error.to_string()),
        Ok(report) if report.faults.is_empty() => Finding::good(
            "store",
            format!(
                "as it was written: vaults {}, items {}, files {} ({} ms)",
                report.vaults,
                report.items,
                report.files,
                report.took.as_millis()
            ),
        ),
        Ok(report) => Finding::bad("store", report.faults.join("; ")),
    }
}

fn anchor(broker: &Broker) -> Finding {
    match wait(broker.anchor()) {
        Err(error) => Finding::bad("anchor", error.to_string()),
        Ok(Anchor::Sound) => Finding::good("anchor", "the store stands where it was left"),
        Ok(Anchor::Older { head, known }) => Finding::bad(
            "anchor",
            format!(
                "the store stands at revision {}, and stood at {} before: an older copy was put in its place, so that later \
                 changes are lost and old values are back; if that was you, `hushkey doctor --accept-store` takes it as it stands",
                head.revision, known.revision
            ),
        ),
    }
}

fn audit(broker: &Broker) -> Finding {
    match broker.audit().verify() {
        Err(error) => Finding::bad("audit", error.to_string()),
        Ok(found) => match found.fault {
            None => Finding::good(
                "audit",
                format!("{} entries are as they were written", found.sound),
            ),
            Some(fault) => Finding::bad(
                "audit",
                format!("{fault}; the {} entries before are sound", found.sound),
            ),
        },
    }
}

fn policy(broker: &Broker) -> Vec<Finding> {
    match wait(broker.bound_policy()) {
        Err(error) => vec![Finding::bad("policy", error.to_string())],
        Ok(policy) => {
            let warnings = policy.warnings();
            if warnings.is_empty() {
                return vec![Finding::good(
                    "policy",
                    "well-formed, and nothing in it needs a look",
                )];
            }
            warnings
                .iter()
                .map(|warning| Finding::look("policy", warning.to_string()))
                .collect()
        }
    }
}
