//! The passphrase that proves a yes, where the store has one: one guess at a time, and a pause after some wrong ones.
//!
//! Each guess costs memory and a moment on purpose, so several at once would cost the machine, and many in a row are no
//! person's. It does not know what a proof is worth.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::Desk;
use crate::approvals::Proof;

/// How many wrong ones are let pass before there is a pause.
const FREE: u32 = 5;

/// How long no passphrase is taken then, and after each further wrong one.
const PAUSE: Duration = Duration::from_secs(60);

/// Counts wrong passphrases. Whoever holds the lock guesses.
#[derive(Default)]
pub(super) struct Brake(Mutex<Wrong>);

#[derive(Default)]
struct Wrong {
    count: u32,
    until: Option<Instant>,
}

impl Wrong {
    fn pause(&self, now: Instant) -> Option<Duration> {
        let left = self.until?.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    fn note(&mut self, now: Instant) {
        self.count += 1;
        if self.count >= FREE {
            self.until = Some(now + PAUSE);
        }
    }
}

/// What proves that the owner's passphrase was known, where there is one; else what to say instead.
pub(super) async fn prove(
    desk: &Arc<Desk>,
    message: Vec<u8>,
    passphrase: String,
) -> Result<Option<Proof>, String> {
    let passphrase = Zeroizing::new(passphrase.into_bytes());
    if desk.owner.prove.is_none() {
        return Ok(None);
    }
    if passphrase.is_empty() {
        return Err("Type the passphrase of the store to allow it.".to_owned());
    }
    let mut wrong = desk.brake.0.lock().await;
    if let Some(left) = wrong.pause(Instant::now()) {
        return Err(format!(
            "Too many wrong passphrases. Wait {} s, or use `hushkey approve` in a terminal.",
            left.as_secs() + 1
        ));
    }
    let proving = {
        let desk = Arc::clone(desk);
        tokio::task::spawn_blocking(move || match &desk.owner.prove {
            Some(prove) => prove(passphrase, &message).map(Some),
            None => Ok(None),
        })
    };
    let proven = proving
        .await
        .unwrap_or_else(|_| Err("that did not work; try again".to_owned()));
    let Err(why) = proven else {
        *wrong = Wrong::default();
        return proven;
    };
    wrong.note(Instant::now());
    let noted = desk
        .owner
        .broker
        .turned_away(None, "a wrong passphrase on the owner's page");
    if let Err(error) = noted.await {
        tracing::error!(target: "hushkey", %error, "a wrong passphrase could not be recorded");
    }
    Err(format!("Nothing was allowed: {why}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_some_wrong_passphrases_none_is_taken_for_a_minute() {
        let (mut wrong, now) = (Wrong::default(), Instant::now());

        for _ in 1..FREE {
            wrong.note(now);
        }
        assert_eq!(wrong.pause(now), None);
        wrong.note(now);

        assert_eq!(wrong.pause(now), Some(PAUSE));
        assert_eq!(wrong.pause(now + PAUSE), None);
        wrong.note(now + PAUSE);
        assert_eq!(wrong.pause(now + PAUSE), Some(PAUSE), "no five more");
    }
}
