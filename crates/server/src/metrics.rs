//! What is measured, in the names and units of Prometheus.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use stockroom_domain::Timestamp;
use tokio::sync::Notify;

/// Seconds: from a tenth of a millisecond to the time limit of a request.
const DURATION_BUCKETS: [f64; 13] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 15.0];

/// The labels of a request's counter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Request {
    /// The route's pattern, never the path itself: paths are unbounded.
    pub route: Arc<str>,
    /// The method; `OTHER` for those without a route.
    pub method: &'static str,
    /// The status of the answer.
    pub status: u16,
}

/// The labels of a route's durations.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Route {
    /// The route's pattern.
    pub route: Arc<str>,
    /// The method.
    pub method: &'static str,
}

/// All metrics of this process.
#[derive(Debug)]
pub struct Metrics {
    /// Answered requests.
    pub requests: Family<Request, Counter>,
    /// How long they took, in seconds.
    pub durations: Family<Route, Histogram, fn() -> Histogram>,
    /// Requests being worked on, also those whose caller has gone.
    pub in_flight: InFlight,
    in_flight_now: Gauge,
    memory: Gauge,
    registry: Registry,
}

impl Metrics {
    /// Nothing measured yet. More families join through `register`, before anything runs.
    pub fn new(started_at: Timestamp, engine: &'static str) -> Self {
        let mut registry = Registry::default();
        let requests = Family::default();
        registry.register("http_requests", "Answered requests", requests.clone());
        let histogram: fn() -> Histogram = || Histogram::new(DURATION_BUCKETS);
        let durations = Family::new_with_constructor(histogram);
        let name = "http_request_duration";
        registry.register_with_unit(name, "From head to answer", Unit::Seconds, durations.clone());
        let in_flight_now = Gauge::default();
        let about = "Requests being worked on, also those whose caller has gone";
        registry.register("http_requests_in_flight", about, in_flight_now.clone());
        let memory = Gauge::default();
        let name = "process_resident_memory";
        registry.register_with_unit(name, "Resident memory", Unit::Bytes, memory.clone());
        let started: Gauge = Gauge::default();
        started.set(started_at.0 / 1_000_000);
        let name = "process_start_time";
        registry.register_with_unit(name, "Start, since 1970", Unit::Seconds, started);
        let labels = vec![("version", env!("CARGO_PKG_VERSION")), ("database", engine)];
        registry.register("stockroom_build", "What is running", Info::new(labels));
        let in_flight = InFlight::default();
        Self { requests, durations, in_flight, in_flight_now, memory, registry }
    }

    /// The registry, for the families of other modules.
    pub const fn registry_mut(&mut self) -> &mut Registry {
        &mut self.registry
    }

    /// Everything in the OpenMetrics text format.
    ///
    /// # Errors
    /// A value that cannot be written: a defect.
    pub fn to_text(&self) -> Result<String, std::fmt::Error> {
        self.in_flight_now.set(i64::try_from(self.in_flight.count()).unwrap_or(i64::MAX));
        self.memory.set(resident_memory_bytes());
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// From `/proc`, where there is one; else 0. Its unit is a page, 4 KiB where we run.
fn resident_memory_bytes() -> i64 {
    const PAGE_BYTES: i64 = 4_096;
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: i64 = statm.split(' ').nth(1).and_then(|field| field.parse().ok()).unwrap_or(0);
    pages * PAGE_BYTES
}

/// Counts the work that has begun and not ended.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<Count>);

#[derive(Debug, Default)]
struct Count {
    begun: AtomicUsize,
    none_left: Notify,
}

/// One piece of work; it has ended when this is dropped.
#[derive(Debug)]
pub struct Working(Arc<Count>);

impl InFlight {
    /// Begins a piece of work.
    pub fn begin(&self) -> Working {
        self.0.begun.fetch_add(1, Ordering::AcqRel);
        Working(self.0.clone())
    }

    /// How many have not ended.
    pub fn count(&self) -> usize {
        self.0.begun.load(Ordering::Acquire)
    }

    /// Waits until all have ended.
    pub async fn wait_until_none(&self) {
        loop {
            let notified = self.0.none_left.notified();
            if self.count() == 0 {
                return;
            }
            notified.await;
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if self.0.begun.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.none_left.notify_waiters();
        }
    }
}
