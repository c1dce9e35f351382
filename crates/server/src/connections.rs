//! Connections: how many at once, and how long one may take to say what it wants.
//!
//! A connection that sends no complete request head in time is closed, whether it is new, idle between
//! two requests, or sending its head a byte a minute. Bodies have their own limits ([`crate::gate`]),
//! and so have handlers ([`crate::edge`]).

use std::{future::Future, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    serve::Listener,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::sleep,
};
use tower::ServiceExt as _;

/// Connections at once. The next ones wait in the system's queue.
const MAX_CONNECTIONS: usize = 2_000;
/// Time a connection has for the head of its next request.
const HEAD_LIMIT: Duration = Duration::from_secs(20);
/// Time that requests under way get to end once the server is told to stop.
const DRAIN_LIMIT: Duration = Duration::from_secs(30);

/// Serves until `shutdown` comes, then lets the requests under way end.
pub(crate) async fn serve(
    router: Router,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    serve_with(router, listener, HEAD_LIMIT, shutdown).await;
}

async fn serve_with(
    router: Router,
    mut listener: TcpListener,
    head_limit: Duration,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (stop, stopping) = watch::channel(false);
    let mut shutdown = pin!(shutdown);
    loop {
        let place = Arc::clone(&places).acquire_owned();
        let next = async { (place.await, Listener::accept(&mut listener).await) };
        let (place, (stream, peer)) = tokio::select! {
            next = next => next,
            () = &mut shutdown => break,
        };
        let connection = connection(router.clone(), stream, peer, head_limit, stopping.clone());
        tokio::spawn(async move {
            connection.await;
            drop(place);
        });
    }
    drop(listener);
    tracing::info!("stopping: requests under way are finished first");
    let _ = stop.send(true);
    drop(stopping);
    tokio::select! {
        () = stop.closed() => {}
        () = sleep(DRAIN_LIMIT) => tracing::warn!("some requests did not end in time and were cut off"),
    }
}

/// One connection, to its end.
async fn connection(
    router: Router,
    stream: TcpStream,
    peer: SocketAddr,
    head_limit: Duration,
    mut stopping: watch::Receiver<bool>,
) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_limit)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    let done = tokio::select! {
        done = served.as_mut() => done,
        () = async { let _ = stopping.wait_for(|stopping| *stopping).await; } => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = done {
        tracing::debug!(%error, "connection ended");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        sync::Notify,
        time::{Instant, timeout},
    };

    use super::*;

    /// A server that answers after a second.
    async fn started(begun: Arc<Notify>, shutdown: impl Future<Output = ()> + Send + 'static) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let slow = move || {
            begun.notify_one();
            async {
                sleep(Duration::from_secs(1)).await;
                "done"
            }
        };
        let router = Router::new().route("/", get(slow));
        tokio::spawn(serve_with(router, listener, Duration::from_millis(300), shutdown));
        address
    }

    #[tokio::test]
    async fn who_does_not_say_what_it_wants_is_sent_away() {
        let address = started(Arc::default(), std::future::pending()).await;
        let whole = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
        for (sent, answered) in [
            ("", false),
            ("GET / HTTP/1.1\r\nhost: x\r\n", false),
            (whole, true),
        ] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let begun = Instant::now();
            stream.write_all(sent.as_bytes()).await.unwrap();
            // To the end of the connection: after an answer, it is closed as idle.
            let mut answer = String::new();
            let closed = timeout(Duration::from_secs(5), stream.read_to_string(&mut answer)).await;
            closed.expect("it is closed").unwrap();
            assert_eq!(answer.ends_with("done"), answered, "{sent:?}: {answer}");
            assert!(begun.elapsed() >= Duration::from_millis(200), "{sent:?}");
        }
    }

    #[tokio::test]
    async fn a_request_under_way_is_finished_before_the_end() {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let begun = Arc::new(Notify::new());
        let address = started(Arc::clone(&begun), async { drop(stopped.await) }).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        begun.notified().await;
        stop.send(()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("done"), "{answer}");
        assert!(TcpStream::connect(address).await.is_err());
    }
}
