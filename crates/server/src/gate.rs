//! What keeps the server standing under load: how much is read, computed and asked at once.
//!
//! Bodies are read against a budget of bytes that is taken before the first byte is read; heavy
//! work runs on blocking threads, so many at a time; the public status query is metered by address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, header},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task,
    time::timeout,
};

use crate::problem::{Code, Problem};

/// Bytes of large bodies held at once, in KiB: four documents of the largest size.
const BODY_BUDGET_KIB: usize = 256 << 10;
/// How long a request waits for its turn before it is sent away.
const QUEUE_PATIENCE: Duration = Duration::from_secs(5);
/// What a client that was sent away is told to wait, in seconds.
const RETRY_AFTER: u32 = 5;

/// Turns and budgets shared by all requests.
#[derive(Debug)]
pub(crate) struct Gate {
    work: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
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
    /// A gate that lets `workers` computations run at once.
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            work: Arc::new(Semaphore::new(workers.max(1))),
            bodies: Arc::new(Semaphore::new(BODY_BUDGET_KIB)),
        }
    }

    /// Runs CPU work on a blocking thread when it is its turn. The turn is held until the work is
    /// done, even if the client goes away meanwhile.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = self.turn().await?;
        let done = task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|error| Problem::internal(&error))
    }

    /// Waits for a turn, but not for long.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        match timeout(QUEUE_PATIENCE, Arc::clone(&self.work).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(Problem::busy(RETRY_AFTER)),
        }
    }

    /// Reads a body of at most `limit` bytes. One that says it is longer is refused unread.
    pub(crate) async fn read(
        &self,
        headers: &HeaderMap,
        body: Body,
        limit: usize,
    ) -> Result<HeldBody, Problem> {
        let announced = announced_length(headers)?;
        let most = announced.unwrap_or(limit);
        if most > limit {
            return Err(Problem::too_large(limit));
        }
        let kib = u32::try_from(most.div_ceil(1024).max(1)).map_err(|_| Problem::too_large(limit))?;
        let share = Arc::clone(&self.bodies)
            .try_acquire_many_owned(kib)
            .map_err(|_| Problem::busy(RETRY_AFTER))?;
        let bytes = axum::body::to_bytes(body, limit).await.map_err(|error| {
            if is_length_limit(&error) {
                Problem::too_large(limit)
            } else {
                Problem::malformed(
                    "请求内容未完整送达，请重试。",
                    "The body did not arrive whole; try again.",
                )
            }
        })?;
        Ok(HeldBody { bytes, share })
    }
}

/// The length a request announces; none for a chunked one.
pub(crate) fn announced_length(headers: &HeaderMap) -> Result<Option<usize>, Problem> {
    let Some(value) = headers.get(header::CONTENT_LENGTH) else {
        return Ok(None);
    };
    let length = value.to_str().ok().and_then(|text| text.parse().ok());
    length
        .map(Some)
        .ok_or_else(|| Problem::malformed("Content-Length 不是数字。", "Content-Length is not a number."))
}

fn is_length_limit(error: &axum::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.to_string() == "length limit exceeded" {
            return true;
        }
        cause = error.source();
    }
    false
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
    async fn bodies_beyond_the_budget_are_sent_away_and_room_comes_back() {
        let gate = Gate::new(1);
        let headers = HeaderMap::new();
        let read = || gate.read(&headers, Body::from("x"), 64 << 20);
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(read().await.unwrap());
        }
        assert_eq!(read().await.unwrap_err().code(), Code::Busy);
        held.pop();
        read().await.unwrap();
    }

    #[tokio::test]
    async fn work_that_panics_is_an_internal_error_and_frees_its_turn() {
        let gate = Gate::new(1);
        let failed = gate.run(|| panic!("on purpose")).await;
        assert_eq!(failed.map(|(): ()| ()).unwrap_err().code(), Code::Internal);
        assert_eq!(gate.run(|| 7).await.unwrap(), 7);
    }
}
