//! What is counted, for Prometheus: requests by call and outcome, how long they took, vaults and items.
//!
//! No label holds a name or an id: whoever may read the numbers need not be anybody.

use std::{
    sync::atomic::{AtomicI64, AtomicU64},
    time::Duration,
};

use http::{HeaderMap, Method, StatusCode, header};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

/// Seconds.
const BUCKETS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0,
];

/// The forms in which the counts are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// What Prometheus asks for first.
    OpenMetrics,
    /// What everybody reads.
    Plain,
}

impl Form {
    /// The form that a client asks for.
    pub(super) fn asked_for(headers: &HeaderMap) -> Self {
        let accepted = headers.get_all(header::ACCEPT).iter();
        let mut accepted = accepted.filter_map(|it| it.to_str().ok());
        match accepted.any(|it| it.contains("application/openmetrics-text")) {
            true => Self::OpenMetrics,
            false => Self::Plain,
        }
    }

    /// The header `Content-Type`.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

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

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Build {
    version: &'static str,
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
        let build = Family::<Build, Gauge<i64, AtomicI64>>::default();
        build
            .get_or_create(&Build {
                version: env!("CARGO_PKG_VERSION"),
            })
            .set(1);
        registry.register("build_info", "Which hushkey this is", build);
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
    pub(super) fn text(&self, form: Form, holds: Option<(u64, u64)>) -> String {
        if let Some((vaults, items)) = holds {
            self.vaults.set(i64::try_from(vaults).unwrap_or(i64::MAX));
            self.items.set(i64::try_from(items).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        // Writing to a text does not fail.
        let _ = encode(&mut text, &self.registry);
        match form {
            Form::OpenMetrics => text,
            Form::Plain => text.lines().filter_map(plain).collect(),
        }
    }
}

/// A line of OpenMetrics in Prometheus' older form: there a counter is called as its numbers are, and the end is no line.
fn plain(line: &str) -> Option<String> {
    const COUNTER: &str = "hushkey_connect_requests";
    if line == "# EOF" {
        return None;
    }
    for about in ["# HELP", "# TYPE"] {
        let rest = line.strip_prefix(&format!("{about} {COUNTER} "));
        if let Some(rest) = rest {
            return Some(format!("{about} {COUNTER}_total {rest}\n"));
        }
    }
    Some(format!("{line}\n"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_whole_and_what_a_client_makes_up_is_no_label() {
        let metrics = Metrics::new();
        let made_up = Method::from_bytes(b"CANARY").unwrap();
        let took = Duration::from_millis(3);
        metrics.count("/v1/vaults", &made_up, StatusCode::NOT_FOUND, took);

        let open = metrics.text(Form::OpenMetrics, Some((2, 3)));
        let plain = metrics.text(Form::Plain, None);

        assert!(
            open.ends_with("# EOF\n") && open.contains("# TYPE hushkey_connect_requests counter")
        );
        assert!(plain.contains("# TYPE hushkey_connect_requests_total counter\n"));
        assert!(!plain.contains("EOF"));
        let counted =
            r#"hushkey_connect_requests_total{method="other",route="/v1/vaults",status="404"} 1"#;
        for text in [&open, &plain] {
            assert!(text.contains(counted), "{text}");
            assert!(
                text.contains("hushkey_items 3") && !text.contains("CANARY"),
                "{text}"
            );
        }
    }
}
