//! The first bytes of a connection: HTTP/1.1 is spoken here, and they have to come in time.
//!
//! hyper takes connections that may be upgraded (to a WebSocket) only together with a look at
//! whether they begin as HTTP/2 does, and waits for that for as long as it takes. So whoever says
//! nothing, or only the beginning of that, is cut off here, and so is whoever means it.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// What HTTP/2 begins with.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long it may take until it is plain that a connection begins otherwise.
pub const OPENING_TIMEOUT: Duration = Duration::from_secs(10);

/// Watches the beginning of what another acceptor takes in.
#[derive(Clone, Debug)]
pub struct Openings<A>(pub A);

impl<A, I, S> Accept<I, S> for Openings<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
{
    type Stream = Opening<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, A::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let accepted = self.0.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = accepted.await?;
            Ok((Opening::new(stream), service))
        })
    }
}

/// A connection whose beginning is watched.
#[derive(Debug)]
pub struct Opening<S> {
    stream: S,
    /// Until it is plain that this is not HTTP/2: how much of the preface has come, and the end.
    watch: Option<(usize, Pin<Box<Sleep>>)>,
}

impl<S> Opening<S> {
    fn new(stream: S) -> Self {
        Self { stream, watch: Some((0, Box::pin(sleep(OPENING_TIMEOUT)))) }
    }

    /// Looks at what has come.
    fn look(&mut self, fresh: &[u8]) -> io::Result<()> {
        let Some((come, _)) = &mut self.watch else { return Ok(()) };
        let expected = &PREFACE[*come..];
        let count = fresh.len().min(expected.len());
        if fresh[..count] != expected[..count] || fresh.is_empty() {
            self.watch = None;
            return Ok(());
        }
        *come += count;
        if *come == PREFACE.len() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "HTTP/2 is not spoken here"));
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Opening<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(Ok(())) => {
                let looked = self.look(&buffer.filled()[before..]);
                if looked.is_err() {
                    buffer.set_filled(before);
                }
                Poll::Ready(looked)
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                let Some((_, end)) = &mut self.watch else { return Poll::Pending };
                end.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Opening<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::Instant;

    use super::*;

    /// What is read of a connection that says this and then nothing, and after how many seconds.
    async fn read(said: &[u8], is_kept: bool) -> (io::Result<Vec<u8>>, u64) {
        let (mut theirs, ours) = tokio::io::duplex(64);
        theirs.write_all(said).await.expect("written");
        let _theirs = is_kept.then_some(theirs);
        let begun = Instant::now();
        let mut opening = Opening::new(ours);
        let mut read = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(60), opening.read_to_end(&mut read));
        let end = end.await.unwrap_or(Ok(0)).map(|_| read);
        (end, begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn what_begins_otherwise_passes_however_long_it_takes() {
        let (all, _) = read(b"GET / HTTP/1.0\r\n\r\n", false).await;
        assert_eq!(all.expect("read"), b"GET / HTTP/1.0\r\n\r\n");
        assert_eq!(read(b"PUT / HTTP/1.1", true).await.1, 60, "nobody cuts it off here");
        assert_eq!(read(b"PRI * HTTP/1.1", true).await.1, 60);
        assert!(read(b"", false).await.0.expect("an end").is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn silence_and_the_beginning_of_http_2_are_cut_off() {
        for said in [&b""[..], b"P", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r"] {
            let (end, took) = read(said, true).await;
            assert_eq!(end.expect_err("cut off").kind(), io::ErrorKind::TimedOut);
            assert_eq!(took, OPENING_TIMEOUT.as_secs());
        }
        let (end, took) = read(PREFACE, true).await;
        assert_eq!((end.expect_err("cut off").kind(), took), (io::ErrorKind::Unsupported, 0));
    }
}
