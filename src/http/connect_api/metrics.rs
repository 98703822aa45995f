//! What is counted, for Prometheus: requests by call and outcome, how long they took, vaults and items.
//!
//! No label holds a name or an id: whoever may read the numbers need not be anybody.

use std::{
    sync::atomic::{AtomicI64, AtomicU64},
    time::Duration,
};

use http::{Method, StatusCode};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::Registry,
};

/// Seconds.
const BUCKETS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0,
];

/// The name and form of what [`Metrics::text`] gives.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All counts.
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Call, Counter<u64, AtomicU64>>,
    seconds: Family<Route, Histogram>,
    vaults: Gauge<i64, AtomicI64>,
    items: Gauge<i64, AtomicI64>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Call {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    route: &'static str,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("hushkey");
        let requests = Family::<Call, Counter<u64, AtomicU64>>::default();
        registry.register(
            "connect_requests",
            "Requests of the Connect API",
            requests.clone(),
        );
        let make: fn() -> Histogram = || Histogram::new(BUCKETS);
        let seconds = Family::<Route, Histogram>::new_with_constructor(make);
        registry.register(
            "connect_request_seconds",
            "How long requests of the Connect API took",
            seconds.clone(),
        );
        let (vaults, items) = (Gauge::default(), Gauge::default());
        registry.register("vaults", "Vaults in the store", vaults.clone());
        registry.register("items", "Items in use in the store", items.clone());
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Which hushkey this is", build);
        Self {
            registry,
            requests,
            seconds,
            vaults,
            items,
        }
    }

    /// Counts a request that was answered.
    pub(super) fn count(
        &self,
        route: &'static str,
        method: &Method,
        status: StatusCode,
        took: Duration,
    ) {
        let call = Call {
            method: known(method),
            route,
            status: status.as_u16(),
        };
        self.requests.get_or_create(&call).inc();
        let route = Route { route };
        self.seconds
            .get_or_create(&route)
            .observe(took.as_secs_f64());
    }

    /// All of it as text, with how much the store holds if that is known.
    pub(super) fn text(&self, holds: Option<(u64, u64)>) -> String {
        if let Some((vaults, items)) = holds {
            self.vaults.set(i64::try_from(vaults).unwrap_or(i64::MAX));
            self.items.set(i64::try_from(items).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(_) => String::new(),
        }
    }
}

/// A client may make up methods without end.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::DELETE => "DELETE",
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        Method::POST => "POST",
        Method::PUT => "PUT",
        _ => "other",
    }
}
