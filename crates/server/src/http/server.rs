//! Listening: hyper with its limits on.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use hyper_util::rt::TokioTimer;

/// How long a request's head may take to arrive, also on a connection that is kept open.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes of a request's head.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;

/// Serves until `handle` says to stop. Then in-flight requests may end.
///
/// # Errors
/// The listener cannot be used.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let mut server = axum_server::from_tcp(listener)?
        .acceptor(NoDelayAcceptor::new())
        .handle(handle)
        .http1_only();
    server
        .http_builder()
        .http1()
        // Without a timer hyper's own time-outs are inert.
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_BYTES_MAX);
    server.serve(router.into_make_service_with_connect_info::<SocketAddr>()).await
}
