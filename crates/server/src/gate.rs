//! What keeps the server standing under load: how much is read, computed and asked at once.
//!
//! Large bodies share a budget of bytes, taken as they arrive: who sends slowly holds little. Heavy work
//! runs on blocking threads, so many at a time, and the public's turns are not those of the
//! departments: a flood of verifications does not stop the counter. What the public asks is metered by
//! address.

use std::{
    collections::HashMap,
    future::Future,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, header},
};
use futures::StreamExt as _;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    task,
    time::timeout,
};

use crate::problem::{Code, Problem};

/// Bytes of large bodies held at once, in KiB: four documents of the largest size.
const BODY_BUDGET_KIB: usize = 256 << 10;
/// The budget is taken in steps of this many KiB.
const BODY_STEP_KIB: usize = 64;
/// A body of which nothing came for this long is given up.
const BODY_STALL: Duration = Duration::from_secs(15);
/// How long a request waits for its turn before it is sent away.
const QUEUE_PATIENCE: Duration = Duration::from_secs(5);
/// What a client that was sent away is told to wait, in seconds.
const RETRY_AFTER: u32 = 5;

/// Turns and budgets shared by all requests.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Turns of callers with an API key.
    counter: Arc<Semaphore>,
    /// Turns of everybody else.
    public: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
    stall: Duration,
}

/// A body held in memory, with its share of the budget.
#[derive(Debug)]
pub(crate) struct HeldBody {
    pub(crate) bytes: Bytes,
    share: OwnedSemaphorePermit,
}

impl HeldBody {
    /// The bytes, and the share of the budget to keep as long as they live.
    pub(crate) fn into_parts(self) -> (Bytes, OwnedSemaphorePermit) {
        (self.bytes, self.share)
    }
}

impl Gate {
    /// A gate that lets `workers` computations of either kind run at once.
    pub(crate) fn new(workers: usize) -> Self {
        Self::with_limits(workers, BODY_BUDGET_KIB, BODY_STALL)
    }

    fn with_limits(workers: usize, kib: usize, stall: Duration) -> Self {
        let turns = || Arc::new(Semaphore::new(workers.max(1)));
        Self {
            counter: turns(),
            public: turns(),
            bodies: Arc::new(Semaphore::new(kib)),
            stall,
        }
    }

    /// Carries out what a caller with a key asked for, on a thread of its own when it is its turn. It
    /// runs to its end, whether or not the caller still waits.
    pub(crate) async fn carry_out<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Problem> {
        let runtime = Handle::current();
        run(&self.counter, move || runtime.block_on(work)).await
    }

    /// Computes something for the public on a blocking thread when it is its turn.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        run(&self.public, work).await
    }

    /// Reads a large body of at most `limit` bytes, for which there has to be room in the budget.
    pub(crate) async fn read(
        &self,
        headers: &HeaderMap,
        body: Body,
        limit: usize,
    ) -> Result<HeldBody, Problem> {
        expected(headers, limit)?;
        let mut share = self.share(BODY_STEP_KIB)?;
        let room = |length: usize| {
            let short = length.div_ceil(1024).saturating_sub(share.num_permits());
            if short > 0 {
                share.merge(self.share(short.max(BODY_STEP_KIB))?);
            }
            Ok(())
        };
        let bytes = self.gather(body, limit, room).await?;
        Ok(HeldBody { bytes, share })
    }

    /// Reads a form: small, or of a caller with a key.
    pub(crate) async fn read_form(
        &self,
        headers: &HeaderMap,
        body: Body,
        limit: usize,
    ) -> Result<Bytes, Problem> {
        expected(headers, limit)?;
        self.gather(body, limit, |_| Ok(())).await
    }

    async fn gather(
        &self,
        body: Body,
        limit: usize,
        mut room: impl FnMut(usize) -> Result<(), Problem>,
    ) -> Result<Bytes, Problem> {
        let mut bytes = Vec::new();
        let mut chunks = body.into_data_stream();
        loop {
            let chunk = match timeout(self.stall, chunks.next()).await {
                Ok(None) => return Ok(bytes.into()),
                Ok(Some(Ok(chunk))) => chunk,
                Ok(Some(Err(_))) | Err(_) => {
                    return Err(Problem::malformed(
                        "请求内容未完整送达，请重试。",
                        "The body did not arrive whole; try again.",
                    ));
                }
            };
            let length = bytes.len() + chunk.len();
            if length > limit {
                return Err(Problem::too_large(limit));
            }
            room(length)?;
            bytes.extend_from_slice(&chunk);
        }
    }

    fn share(&self, kib: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let busy = || Problem::busy(RETRY_AFTER);
        let kib = u32::try_from(kib).map_err(|_| busy())?;
        Arc::clone(&self.bodies)
            .try_acquire_many_owned(kib)
            .map_err(|_| busy())
    }
}

/// Waits for a turn, but not for long, and holds it until the work is done.
async fn run<T: Send + 'static>(
    turns: &Arc<Semaphore>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let Ok(Ok(turn)) = timeout(QUEUE_PATIENCE, Arc::clone(turns).acquire_owned()).await else {
        return Err(Problem::busy(RETRY_AFTER));
    };
    let done = task::spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    done.await.map_err(|error| Problem::internal(&error))
}

/// Refuses by its head a body that is compressed, or says it is longer than `limit`: it is not read.
fn expected(headers: &HeaderMap, limit: usize) -> Result<(), Problem> {
    if headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|coding| coding != "identity")
    {
        return Err(Problem::new(
            Code::UnsupportedMediaType,
            "请求内容请勿压缩：不支持 Content-Encoding，请去掉后原样提交。",
            "Send the body as it is: no Content-Encoding is supported.",
        ));
    }
    if announced_length(headers)?.is_some_and(|length| length > limit) {
        return Err(Problem::too_large(limit));
    }
    Ok(())
}

/// The length a request announces; none for a chunked one.
fn announced_length(headers: &HeaderMap) -> Result<Option<usize>, Problem> {
    let Some(value) = headers.get(header::CONTENT_LENGTH) else {
        return Ok(None);
    };
    let length = value.to_str().ok().and_then(|text| text.parse().ok());
    length
        .map(Some)
        .ok_or_else(|| Problem::malformed("Content-Length 不是数字。", "Content-Length is not a number."))
}

/// A token bucket for each address (IPv6: for each /64 network, which is one subscriber).
#[derive(Debug)]
pub(crate) struct Meter {
    burst: f64,
    per_second: f64,
    buckets: Mutex<HashMap<IpAddr, (f64, Instant)>>,
}

/// More addresses than this at once and the full buckets are forgotten.
const MAX_BUCKETS: usize = 50_000;

impl Meter {
    pub(crate) fn new(burst: u32, per_second: f64) -> Self {
        Self {
            burst: f64::from(burst),
            per_second,
            buckets: Mutex::default(),
        }
    }

    /// Takes one token, or says how long to wait for it.
    pub(crate) fn take(&self, address: IpAddr, now: Instant) -> Result<(), Problem> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let level = |tokens: f64, since: Instant| {
            (tokens + now.saturating_duration_since(since).as_secs_f64() * self.per_second).min(self.burst)
        };
        if buckets.len() >= MAX_BUCKETS {
            buckets.retain(|_, (tokens, since)| level(*tokens, *since) < self.burst);
        }
        if buckets.len() >= MAX_BUCKETS {
            // So many addresses each below their limit: a flood from everywhere.
            return Err(Problem::busy(RETRY_AFTER));
        }
        let bucket = buckets.entry(network(address)).or_insert((self.burst, now));
        let tokens = level(bucket.0, bucket.1);
        if tokens < 1.0 {
            *bucket = (tokens, now);
            let wait = ((1.0 - tokens) / self.per_second).ceil().max(1.0) as u32;
            return Err(Problem::new(
                Code::RateLimited,
                format!("查询过于频繁，请在 {wait} 秒后重试。"),
                format!("Too many queries; try again in {wait} s."),
            )
            .retry_after(wait));
        }
        *bucket = (tokens - 1.0, now);
        Ok(())
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4_mapped() {
                return IpAddr::V4(v4);
            }
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn an_address_that_asks_too_often_waits_and_others_do_not() {
        let meter = Meter::new(3, 0.5);
        let start = Instant::now();
        let (one, two) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        for _ in 0..3 {
            meter.take(one, start).unwrap();
        }
        assert_eq!(meter.take(one, start).unwrap_err().code(), Code::RateLimited);
        meter.take(two, start).unwrap();
        meter.take(one, start + Duration::from_secs(2)).unwrap();
        meter.take(one, start + Duration::from_secs(2)).unwrap_err();
    }

    #[test]
    fn a_subscriber_cannot_hop_within_its_network() {
        let meter = Meter::new(1, 0.1);
        let now = Instant::now();
        meter.take("2001:db8::1".parse().unwrap(), now).unwrap();
        meter.take("2001:db8::2".parse().unwrap(), now).unwrap_err();
        meter.take("::ffff:192.0.2.1".parse().unwrap(), now).unwrap();
        meter.take("192.0.2.1".parse().unwrap(), now).unwrap_err();
    }

    #[tokio::test]
    async fn a_long_body_is_refused_by_its_announced_length_or_while_it_comes() {
        let gate = Gate::new(1);
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("2147483648"));
        let refused = gate.read(&headers, Body::empty(), 1 << 20).await.unwrap_err();
        assert_eq!(refused.code(), Code::PayloadTooLarge);
        let refused = gate
            .read(&HeaderMap::new(), Body::from(vec![0; 2048]), 1024)
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::PayloadTooLarge);
        assert_eq!(
            gate.read(&HeaderMap::new(), Body::from("abc"), 3)
                .await
                .unwrap()
                .bytes,
            "abc"
        );
    }

    #[tokio::test]
    async fn a_compressed_body_is_refused_and_not_taken_for_the_file() {
        let gate = Gate::new(1);
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let refused = gate.read(&headers, Body::from("x"), 1024).await.unwrap_err();
        assert_eq!(refused.code(), Code::UnsupportedMediaType);
        let refused = gate.read_form(&headers, Body::from("x"), 1024).await.unwrap_err();
        assert_eq!(refused.code(), Code::UnsupportedMediaType);
    }

    #[tokio::test]
    async fn bodies_beyond_the_budget_are_sent_away_and_room_comes_back() {
        let gate = Gate::with_limits(1, 4 * 1024, BODY_STALL);
        let headers = HeaderMap::new();
        let read = || gate.read(&headers, Body::from(vec![0; 1 << 20]), 64 << 20);
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(read().await.unwrap());
        }
        assert_eq!(read().await.unwrap_err().code(), Code::Busy);
        held.pop();
        read().await.unwrap();
    }

    #[tokio::test]
    async fn who_sends_slowly_does_not_keep_others_out() {
        let gate = Arc::new(Gate::with_limits(1, 1024, BODY_STALL));
        let begun = |gate: Arc<Gate>| async move {
            let first = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"%"))]);
            let body = Body::from_stream(first.chain(futures::stream::pending()));
            gate.read(&HeaderMap::new(), body, 64 << 20).await
        };
        let slow: Vec<_> = (0..8).map(|_| task::spawn(begun(Arc::clone(&gate)))).collect();
        task::yield_now().await;
        gate.read(&HeaderMap::new(), Body::from(vec![0; 256 << 10]), 64 << 20)
            .await
            .unwrap();
        assert!(slow.iter().all(|slow| !slow.is_finished()));
    }

    #[tokio::test]
    async fn a_body_that_stops_coming_is_given_up() {
        let gate = Gate::with_limits(1, BODY_BUDGET_KIB, Duration::from_millis(50));
        let body = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        let refused = gate.read(&HeaderMap::new(), body, 1024).await.unwrap_err();
        assert_eq!(refused.code(), Code::MalformedRequest);
        let body = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        let refused = gate.read_form(&HeaderMap::new(), body, 1024).await.unwrap_err();
        assert_eq!(refused.code(), Code::MalformedRequest);
    }

    #[tokio::test]
    async fn the_public_cannot_take_the_turns_of_the_counter() {
        let gate = Arc::new(Gate::new(1));
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let busy = Arc::clone(&gate);
        let verifying = task::spawn(async move { busy.compute(move || ended.recv()).await });
        task::yield_now().await;
        assert_eq!(gate.carry_out(async { 7 }).await.unwrap(), 7);
        drop(end);
        let _ = verifying.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn work_that_panics_is_an_internal_error_and_frees_its_turn() {
        let gate = Gate::new(1);
        let failed = gate.compute(|| panic!("on purpose")).await;
        assert_eq!(failed.map(|(): ()| ()).unwrap_err().code(), Code::Internal);
        assert_eq!(gate.compute(|| 7).await.unwrap(), 7);
    }
}
