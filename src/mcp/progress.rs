//! Tells a client that something is still going on: for how long, and nothing else.

use std::time::{Duration, Instant};

use rmcp::{RoleServer, model::ProgressNotificationParam, service::RequestContext};

/// How often; clients that reset their time-out on progress wait at least some seconds.
const EVERY: Duration = Duration::from_secs(2);

/// Does the work; meanwhile sends how long it is `doing` what it does, and for how long it may at most, if the client gave
/// a progress token. Nothing that the work produces is in there.
pub(super) async fn told<T>(
    context: &RequestContext<RoleServer>,
    doing: &(impl Fn() -> (&'static str, Option<Duration>) + Sync),
    work: impl Future<Output = T>,
) -> T {
    let Some(token) = context.meta.get_progress_token() else {
        return work.await;
    };
    let started = Instant::now();
    let telling = async {
        loop {
            tokio::time::sleep(EVERY).await;
            let elapsed = started.elapsed();
            let (doing, limit) = doing();
            let mut progress = ProgressNotificationParam::new(token.clone(), elapsed.as_secs_f64())
                .with_message(format!("{doing} for {} s", elapsed.as_secs()));
            if let Some(limit) = limit {
                progress = progress.with_total(limit.as_secs_f64());
            }
            if context.peer.notify_progress(progress).await.is_err() {
                // The client is gone; the end of its pipe ends the work.
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        done = work => done,
        () = telling => unreachable!("telling never ends"),
    }
}
