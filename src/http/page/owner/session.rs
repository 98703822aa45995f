//! Who is signed in: a place in the address that nobody can guess, and a cookie that is sent to that place alone.
//!
//! Cookies know no ports. A browser would send one for 127.0.0.1 to whatever else listens there, and a program that an agent runs
//! may. So the cookie holds for a path that only this browser was told of, and is worth nothing elsewhere.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};
use subtle::ConstantTimeEq;

use crate::approvals::Ticket;

/// How long the printed address is good.
const ENTRY: Duration = Duration::from_secs(10 * 60);

/// How long a session lasts that nobody uses.
const IDLE: Duration = Duration::from_secs(60 * 60);

const COOKIE: &str = "hushkey";

/// Who may come in, and who did.
pub(super) struct Sessions(Mutex<State>);

struct State {
    ticket: Option<(Ticket, Instant)>,
    open: Vec<(Session, Instant)>,
}

/// One browser that is signed in.
#[derive(Clone)]
pub(super) struct Session {
    /// Where its pages lie.
    pub(super) base: String,
    /// Ties its forms to it.
    pub(super) token: String,
    cookie: String,
}

impl Sessions {
    /// Nobody yet, and the ticket that lets one in.
    pub(super) fn new() -> (Self, Ticket) {
        let ticket = Ticket::random();
        let state = State {
            ticket: Some((ticket.clone(), Instant::now())),
            open: Vec::new(),
        };
        (Self(Mutex::new(state)), ticket)
    }

    /// Lets somebody in, once.
    pub(super) fn enter(&self, ticket: &str) -> Option<Session> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, since) = state.ticket.as_ref()?;
        if !same(known.as_str(), ticket) || since.elapsed() > ENTRY {
            return None;
        }
        state.ticket = None;
        let random = || Ticket::random().as_str().to_owned();
        let session = Session {
            base: random(),
            token: random(),
            cookie: random(),
        };
        state.open.push((session.clone(), Instant::now()));
        Some(session)
    }

    /// The session of a place, for whoever has its cookie.
    pub(super) fn find(&self, base: &str, headers: &HeaderMap) -> Option<Session> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.open.retain(|(_, used)| used.elapsed() < IDLE);
        let (session, used) = state.open.iter_mut().find(|(it, _)| same(&it.base, base))?;
        let has_cookie = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
            .any(|cookie| same(&session.cookie, cookie));
        if !has_cookie {
            return None;
        }
        *used = Instant::now();
        Some(session.clone())
    }
}

impl Session {
    pub(super) fn is_token(&self, token: &str) -> bool {
        same(&self.token, token)
    }

    /// Hands the cookie out.
    pub(super) fn set_cookie(&self, response: &mut Response) {
        let Self { base, cookie, .. } = self;
        let cookie = format!("{COOKIE}={cookie}; Path=/{base}/; HttpOnly; SameSite=Strict");
        if let Ok(mut cookie) = HeaderValue::try_from(cookie) {
            cookie.set_sensitive(true);
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
    }
}

fn same(known: &str, given: &str) -> bool {
    known.as_bytes().ct_eq(given.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_cookie(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookie.parse().unwrap());
        headers
    }

    #[test]
    fn the_printed_address_lets_one_browser_in() {
        let (sessions, ticket) = Sessions::new();

        assert!(sessions.enter("another").is_none());
        assert!(sessions.enter(ticket.as_str()).is_some());
        assert!(sessions.enter(ticket.as_str()).is_none());
    }

    #[test]
    fn a_session_needs_its_place_and_its_cookie() {
        let (sessions, ticket) = Sessions::new();
        let session = sessions.enter(ticket.as_str()).unwrap();
        let cookie = with_cookie(&format!("a=b; hushkey={}", session.cookie));

        assert!(sessions.find(&session.base, &cookie).is_some());
        assert!(sessions.find("elsewhere", &cookie).is_none());
        assert!(sessions.find(&session.base, &HeaderMap::new()).is_none());
        assert!(
            sessions
                .find(&session.base, &with_cookie("hushkey=x"))
                .is_none()
        );
    }
}
