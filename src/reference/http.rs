//! The HTTP servers of the reference (provisioning, Ut) within limits: so many connections, and requests that are whole in time.
//!
//! What is answered is the routers' business.
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// Connections of one server at once; further ones are closed as they come.
const CONNECTIONS: usize = 512;
/// For the head of a request, and for a connection without one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// From the head of a request to its response.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Octets of a head.
const HEAD_OCTETS: usize = 64 * 1024;

/// Serves until it is to stop, then ends what is under way.
pub async fn serve(
    listener: TcpListener,
    router: axum::Router,
    mut stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    let router = router.layer(from_fn(in_time));
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stopping) => break,
        };
        while connections.try_join_next().is_some() {}
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "HTTP connection not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!("too many HTTP connections");
            continue;
        };
        let served = connection(stream, router.clone(), stopping.clone());
        connections.spawn(async move {
            served.await;
            drop(place);
        });
    }
    while connections.join_next().await.is_some() {}
    Ok(())
}

fn connection(
    stream: TcpStream,
    router: axum::Router,
    mut stopping: watch::Receiver<bool>,
) -> impl Future<Output = ()> + Send {
    let service = TowerToHyperService::new(router);
    async move {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "small messages may be delayed");
        }
        let mut server = http1::Builder::new();
        let server = server
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(HEAD_OCTETS);
        let mut serving = std::pin::pin!(server.serve_connection(TokioIo::new(stream), service));
        let ended = tokio::select! {
            ended = serving.as_mut() => ended,
            () = stopped(&mut stopping) => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "HTTP connection broken");
        }
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // Whoever could say so has gone: the same.
    stopping.wait_for(|stop| *stop).await.ok();
}

async fn in_time(request: Request, next: Next) -> Response {
    let answered = tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await;
    answered.unwrap_or_else(|_| StatusCode::REQUEST_TIMEOUT.into_response())
}
