//! A listener that is there only while somebody is asked for a value.
//!
//! It is opened with the first ticket on a port of the system's choice, on loopback, and closed a minute after the last
//! one was used or ran out, so that a late visitor is told why. It does not know what is typed.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use axum::{Router, middleware, response::IntoResponse};
use http::StatusCode;
use tokio::net::TcpListener;

use super::{frame::Page, gate, listener, typing};
use crate::{
    approvals::Ticket,
    broker::{Asked, LazyBroker, TypingPage},
    http::origin::Site,
};

/// How often it is looked whether a ticket is still open.
const LOOK: Duration = Duration::from_secs(2);

/// How long the door stays open after the last ticket.
const AFTERWARDS: Duration = Duration::from_secs(60);

/// Opens the local page when it is needed.
pub struct TypingDoor {
    desk: Arc<typing::Desk>,
    open: Arc<Mutex<Option<Open>>>,
}

/// A door that is open.
struct Open {
    port: u16,
    tickets: Vec<Ticket>,
}

impl TypingDoor {
    /// A door that is shut, and opened by the first field that is asked for.
    #[must_use]
    pub fn new(broker: Arc<LazyBroker>) -> Self {
        Self {
            desk: Arc::new(typing::Desk {
                broker,
                salt: Ticket::random(),
            }),
            open: Arc::default(),
        }
    }

    /// The port at which the ticket is taken; opens the door if it is shut.
    async fn port_for(&self, ticket: &Ticket) -> Option<u16> {
        if let Some(open) = &mut *lock(&self.open) {
            if !open
                .tickets
                .iter()
                .any(|known| known.as_str() == ticket.as_str())
            {
                open.tickets.push(ticket.clone());
            }
            return Some(open.port);
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.ok()?;
        let port = listener.local_addr().ok()?.port();
        {
            let mut open = lock(&self.open);
            if let Some(open) = &mut *open {
                // Somebody else was quicker.
                open.tickets.push(ticket.clone());
                return Some(open.port);
            }
            *open = Some(Open {
                port,
                tickets: vec![ticket.clone()],
            });
        }
        let pages = pages(&self.desk, port);
        let (desk, open) = (Arc::clone(&self.desk), Arc::clone(&self.open));
        tokio::spawn(async move {
            tokio::select! {
                _ = listener::serve(listener, pages) => {}
                () = shut(&desk, &open) => {}
            }
        });
        Some(port)
    }
}

#[async_trait]
impl TypingPage for TypingDoor {
    async fn address(&self, asked: &Asked) -> Option<String> {
        let port = self.port_for(&asked.ticket).await?;
        Some(format!(
            "http://127.0.0.1:{port}/type/{}",
            asked.ticket.as_str()
        ))
    }
}

fn pages(desk: &Arc<typing::Desk>, port: u16) -> Router {
    let site = Arc::new(Site::at([format!("127.0.0.1:{port}")]));
    typing::routes(Arc::clone(desk))
        .fallback(async || {
            Page::notice(
                StatusCode::NOT_FOUND,
                "There is nothing here",
                "Open the whole address that the agent gave you.",
            )
            .into_response()
        })
        .layer(middleware::from_fn_with_state(site, gate::check))
}

/// Ends a while after no ticket is open any more.
async fn shut(desk: &typing::Desk, open: &Mutex<Option<Open>>) {
    let mut needed = Instant::now();
    loop {
        tokio::time::sleep(LOOK).await;
        let tickets: Vec<Ticket> = lock(open)
            .iter()
            .flat_map(|it| it.tickets.clone())
            .collect();
        let mut spent = Vec::new();
        for ticket in tickets {
            if desk.request(ticket.as_str()).await.is_ok() {
                needed = Instant::now();
            } else {
                spent.push(ticket);
            }
        }
        let mut open = lock(open);
        if let Some(it) = &mut *open {
            it.tickets
                .retain(|known| !spent.iter().any(|spent| spent.as_str() == known.as_str()));
            if it.tickets.is_empty() && needed.elapsed() > AFTERWARDS {
                *open = None;
                return;
            }
        }
    }
}

/// A panic elsewhere leaves nothing half done here.
fn lock(open: &Mutex<Option<Open>>) -> std::sync::MutexGuard<'_, Option<Open>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}
