//! The owner's pages: what waits for a decision, what was decided, what was done, who may do what, what there is.
//!
//! They show names and change nothing but decisions: allow, refuse, revoke, a right that an agent asked for, and a value. Whoever has
//! the printed address signs in with it, once. It does not know how a passphrase proves a decision, nor what makes a store
//! healthy: the process that serves the pages does.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{FromRequestParts, Path, State},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{StatusCode, request::Parts};
use maud::{Markup, html};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use super::{
    frame::{self, Page},
    gate, listener,
};
use crate::{
    access::Caller,
    approvals::{Approvals, ApprovalsError, Proof},
    broker::{Broker, BrokerError},
    display_text::escaped,
    http::origin::Site,
};

mod access;
mod activity;
mod agents;
mod decide;
mod health;
mod live;
mod proving;
mod remembered;
mod session;
mod typing;
mod vaults;
mod waiting;

pub use access::Rules;
use proving::Brake;
use session::{Session, Sessions};

/// Whoever has signed in owns the store.
const OWNER: Caller = Caller::Owner;

/// What the pages need of the process that serves them.
pub struct Owner {
    /// The broker.
    pub broker: Broker,
    /// Signs a decision with the passphrase that was typed; `None` where the store has none.
    pub prove: Option<Prove>,
    /// Grants rights as rules of the policy.
    pub rules: Rules,
    /// What `hushkey doctor` would say.
    pub health: Box<dyn Fn() -> Vec<Health> + Send + Sync>,
}

/// Makes a proof of a message from the passphrase; else says why not, without it.
pub type Prove = Box<dyn Fn(Zeroizing<Vec<u8>>, &[u8]) -> Result<Proof, String> + Send + Sync>;

/// One thing that was looked at.
pub struct Health {
    /// What it is about.
    pub subject: String,
    /// `ok`, `look` or `bad`.
    pub verdict: &'static str,
    /// What there is to say; not escaped.
    pub text: String,
}

/// The pages with a listener of their own.
pub struct OwnerPages {
    listener: TcpListener,
    pages: Router,
    address: String,
}

struct Desk {
    owner: Owner,
    sessions: Sessions,
    brake: Brake,
}

impl OwnerPages {
    /// Binds the listener. Where it is not on loopback, nothing is bound.
    ///
    /// # Errors
    /// The system's word.
    pub async fn bind(owner: Owner, listen: SocketAddr) -> std::io::Result<Self> {
        if !listen.ip().is_loopback() {
            return Err(std::io::ErrorKind::AddrNotAvailable.into());
        }
        let listener = TcpListener::bind(listen).await?;
        let host = listener.local_addr()?.to_string();
        let (sessions, ticket) = Sessions::new();
        let desk = Arc::new(Desk {
            owner,
            sessions,
            brake: Brake::default(),
        });
        let site = Arc::new(Site::at([host.clone()]));
        Ok(Self {
            listener,
            pages: routes(desk).layer(middleware::from_fn_with_state(site, gate::check)),
            address: format!("http://{host}/enter/{}", ticket.as_str()),
        })
    }

    /// The address that signs in, once.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Serves until it is dropped.
    pub async fn serve(self) {
        listener::serve(self.listener, self.pages).await;
    }
}

fn routes(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/enter/{ticket}", get(enter))
        .route("/{base}/", get(waiting::show))
        .route("/{base}/decide", post(decide::decide))
        .route("/{base}/type/{code}", get(typing::show).post(typing::take))
        .route(
            "/{base}/remembered",
            get(remembered::show).post(remembered::revoke),
        )
        .route("/{base}/activity", get(activity::show))
        .route("/{base}/activity/live", get(live::follow))
        .route("/{base}/agents", get(agents::show))
        .route("/{base}/vaults", get(vaults::list))
        .route("/{base}/vaults/{vault}", get(vaults::items))
        .route("/{base}/vaults/{vault}/{item}", get(vaults::item))
        .route("/{base}/health", get(health::show))
        .route("/{base}/state", get(live::state))
        .fallback(async || signed_out())
        .with_state(desk)
}

/// Signs in with the printed address: once, into a place that only this browser is told of.
async fn enter(State(desk): State<Arc<Desk>>, Path(ticket): Path<String>) -> Response {
    match desk.sessions.enter(&ticket) {
        Some(session) => {
            let mut response = frame::see_other(&format!("/{}/", session.base));
            session.set_cookie(&mut response);
            response
        }
        None => signed_out(),
    }
}

fn signed_out() -> Response {
    Page::notice(
        StatusCode::FORBIDDEN,
        "You are not signed in",
        "The address that `hushkey ui` prints is good for one browser, once. Run it again for another one.",
    )
    .into_response()
}

impl FromRequestParts<Arc<Desk>> for Session {
    type Rejection = Response;

    /// The session of a request; both its place and its cookie have to be right.
    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Response> {
        let base = parts.uri.path().split('/').nth(1).unwrap_or_default();
        let found = desk.sessions.find(base, &parts.headers);
        found.ok_or_else(signed_out)
    }
}

impl Desk {
    /// Works with the file of approvals, off the thread that serves others.
    async fn approvals<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Approvals) -> Result<T, ApprovalsError> + Send + 'static,
    ) -> Result<T, BrokerError> {
        let approvals = self.owner.broker.approvals()?;
        let done = tokio::task::spawn_blocking(move || work(&approvals)).await;
        Ok(done.unwrap_or(Err(ApprovalsError::Broken))?)
    }
}

/// The pages, in the order of the menu.
const PLACES: [(&str, &str); 6] = [
    ("", "Waiting"),
    ("remembered", "Remembered"),
    ("activity", "Activity"),
    ("agents", "Agents"),
    ("vaults", "Vaults"),
    ("health", "Health"),
];

/// A page within the frame of a session.
fn page(session: &Session, here: &str, title: &str, content: Markup) -> Page {
    let navigation = html! {
        nav aria-label="Pages" {
            ul {
                @for (place, name) in PLACES {
                    li {
                        a href={ "/" (session.base) "/" (place) } aria-current=[(place == here).then_some("page")] { (name) }
                    }
                }
            }
        }
    };
    Page {
        navigation: Some(navigation),
        ..Page::new(title, content)
    }
}

/// A form's token, out of sight.
fn token(session: &Session) -> Markup {
    html! { input type="hidden" name="token" value=(session.token); }
}

fn failed(session: &Session, error: &BrokerError) -> Response {
    let content = html! {
        h1 { "That did not work" }
        p { (escaped(&error.to_string())) "." }
    };
    Page {
        status: StatusCode::CONFLICT,
        ..page(session, "-", "That did not work", content)
    }
    .into_response()
}

/// A time as people read it: `2026-11-25 20:41:03` in UTC.
fn time(at: jiff::Timestamp) -> Markup {
    let text = at.to_string();
    let shown = text.get(..19).unwrap_or(&text).replace('T', " ");
    html! { time datetime=(text) { (shown) } }
}
