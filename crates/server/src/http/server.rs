//! Listening: hyper with its limits on, with TLS or without.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;
use axum_server::tls_rustls::RustlsAcceptor;
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;

use super::connections::Connections;
use super::opening::Openings;
use super::tls::Tls;

/// How long a request's head may take to arrive, also on a connection that is kept open.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the two sides may take to agree on keys.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
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
    tls: Option<Tls>,
    connections: Connections,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let server = axum_server::from_tcp(listener)?.handle(handle);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        None => limited(server.acceptor(Openings(connections))).serve(service).await,
        Some(tls) => {
            let acceptor = RustlsAcceptor::new(tls.config())
                .handshake_timeout(HANDSHAKE_TIMEOUT)
                .acceptor(connections);
            limited(server.acceptor(Openings(acceptor))).serve(service).await
        }
    }
}

fn limited<A>(mut server: Server<SocketAddr, A>) -> Server<SocketAddr, A> {
    // Not `http1_only`, which makes a server that cannot upgrade to a WebSocket: `Openings` sees to
    // it that nothing else is spoken.
    server
        .http_builder()
        .http1()
        // Without a timer hyper's own time-outs are inert.
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_BYTES_MAX);
    server
}
