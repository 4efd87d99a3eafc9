//! Connections: how many may be open at once, and an end to one whose caller takes nothing.
//!
//! hyper ends a connection whose request does not arrive; these two it does not see to. Whoever
//! opens connections and says nothing, or asks for a long list and never reads it, would
//! otherwise hold memory and a file descriptor for as long as they please.

use std::future::{Ready, ready};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;

/// How long a caller may leave unread what it is sent.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// The places for connections of a listener. Clones share them.
#[derive(Clone, Debug)]
pub struct Connections(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    places: Arc<Semaphore>,
    places_max: usize,
    /// Whether it was said that there is no place left; said again once a tenth was free.
    is_full: AtomicBool,
    open: Gauge,
    refused: Counter,
}

impl Connections {
    /// So many places.
    pub fn new(places_max: usize) -> Self {
        Self(Arc::new(Inner {
            places: Arc::new(Semaphore::new(places_max)),
            places_max,
            is_full: AtomicBool::new(false),
            open: Gauge::default(),
            refused: Counter::default(),
        }))
    }

    /// Makes the numbers part of the metrics.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("http_connections", "Open connections", self.0.open.clone());
        let about = "Connections that were closed at once, since too many were open";
        registry.register("http_connections_refused", about, self.0.refused.clone());
    }

    fn take_place(&self) -> io::Result<Place> {
        let inner = &self.0;
        let Ok(permit) = Arc::clone(&inner.places).try_acquire_owned() else {
            inner.refused.inc();
            if !inner.is_full.swap(true, Ordering::Relaxed) {
                let connections_max = inner.places_max;
                tracing::warn!(connections_max, "too many connections: more are closed at once");
            }
            return Err(io::ErrorKind::ConnectionRefused.into());
        };
        inner.open.inc();
        Ok(Place { of: Arc::clone(inner), permit })
    }
}

/// One of the places; free again when it is dropped.
#[derive(Debug)]
struct Place {
    of: Arc<Inner>,
    #[expect(dead_code, reason = "only held")]
    permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.of.open.dec();
        if self.of.places.available_permits() >= self.of.places_max / 10 {
            self.of.is_full.store(false, Ordering::Relaxed);
        }
    }
}

impl<S> Accept<TcpStream, S> for Connections {
    type Stream = Connection;
    type Service = S;
    type Future = Ready<io::Result<(Connection, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(self.take_place().and_then(|place| {
            stream.set_nodelay(true)?;
            let mut stream = Box::pin(TimeoutStream::new(stream));
            stream.as_mut().set_write_timeout_pinned(Some(WRITE_TIMEOUT));
            Ok((Connection { stream, _place: place }, service))
        }))
    }
}

/// A connection that has a place.
#[derive(Debug)]
pub struct Connection {
    stream: Pin<Box<TimeoutStream<TcpStream>>>,
    _place: Place,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
