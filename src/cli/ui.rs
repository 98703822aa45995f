//! `hushkey ui`: the owner's pages in a browser on this machine, until somebody ends it.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use zeroize::Zeroizing;

use crate::{
    approvals::Proof,
    cli::{
        approve::rule,
        doctor,
        failure::{Failure, reason},
        guard,
        opening::key,
        session::{Session, wait_beside_others},
    },
    config::Config,
    http::page::{Owner, OwnerPages, Prove, Rules},
    keys::Passphrase,
    private_file,
};

/// `hushkey ui`.
#[derive(Debug, Args)]
#[command(
    after_help = "The address is good for one browser, once. An agent's shell may not run this; where the store has a passphrase, a yes \
                  needs it.\n\nExamples:\n  hushkey ui --open\n  hushkey ui --listen 127.0.0.1:8971"
)]
pub struct Ui {
    /// Opens the browser as well
    #[arg(long)]
    pub open: bool,
    /// Where it listens, on this machine only [default: a free port of 127.0.0.1]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
}

/// What opens an address on a desktop.
const OPENERS: [&str; 2] = ["xdg-open", "open"];

/// Serves until it is interrupted.
pub(super) fn perform(arguments: &Ui, session: Session) -> anyhow::Result<()> {
    guard::refuse_agents("`hushkey ui`")?;
    let listen = arguments
        .listen
        .unwrap_or(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0));
    if !listen.ip().is_loopback() {
        return Err(Failure::Usage(
            "the owner's page is for this machine: --listen takes an address such as 127.0.0.1:8971".to_owned(),
        )
        .into());
    }
    let broker = session.broker()?;
    let output = session.output;
    let config = Arc::new(session.config);
    let owner = Owner {
        broker,
        prove: prover(&config)?,
        rules: Rules {
            preview: Box::new(rule::preview),
            write: {
                let config = Arc::clone(&config);
                Box::new(move |broker, request| {
                    let written = rule::write(broker, &config.places.policy, request);
                    written.map_err(|error| error.to_string())
                })
            },
        },
        health: {
            let config = Arc::clone(&config);
            Box::new(move || doctor::health(&config))
        },
    };
    wait_beside_others(async {
        let pages = OwnerPages::bind(owner, listen).await.map_err(|error| {
            Failure::Failed(format!("cannot listen on {listen}: {}", reason(&error)))
        })?;
        if output.is_json() {
            output.json_line(&serde_json::json!({ "address": pages.address() }))?;
        } else {
            output.line(pages.address())?;
            output.note("good for one browser, once, within ten minutes; Ctrl-C ends the page");
        }
        if arguments.open && !opened(pages.address()) {
            output.note("no browser could be opened; open the address yourself");
        }
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            () = pages.serve() => {}
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        anyhow::Ok(())
    })
}

/// What signs a decision with the passphrase, where the store has one.
fn prover(config: &Config) -> anyhow::Result<Option<Prove>> {
    let Some(locked) = key::locked(config)? else {
        return Ok(None);
    };
    let prove = move |typed: Zeroizing<Vec<u8>>, message: &[u8]| {
        if typed.is_empty() {
            return Err("Type the passphrase of the store to allow it.".to_owned());
        }
        let passphrase = Passphrase::new(typed).map_err(|error| error.to_string())?;
        let approval = locked.approval_key(&passphrase);
        let signature = approval.map_err(|error| error.to_string())?.sign(message);
        Ok(Proof(*signature.as_bytes()))
    };
    Ok(Some(Box::new(prove)))
}

/// Has the desktop open an address. Its program is one that only we or root can change: it is told a way in.
fn opened(address: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .filter(|directory| directory.is_absolute())
        .filter(|directory| private_file::check_trusted_dir(directory).is_ok())
        .flat_map(|directory| OPENERS.map(|name| directory.join(name)))
        .find(|program: &PathBuf| private_file::open_trusted(program).is_ok());
    let Some(program) = found else {
        return false;
    };
    let child = Command::new(program)
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match child {
        Ok(mut child) => {
            std::thread::spawn(move || child.wait());
            true
        }
        Err(_) => false,
    }
}
