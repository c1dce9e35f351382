//! The time seam: core never reads the system clock by itself.
//!
//! An instant enters once per operation, so that one certificate cannot carry two different
//! "now"s and a test can fix it. Civil dates on certificates are dates in China Standard Time.

use std::{fmt, time::Duration};

use jiff::{SignedDuration, Timestamp, civil::Date, tz::Offset, tz::TimeZone};

/// Where "now" comes from.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still, for tests and for re-judging a document at a past instant.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Whether a stated instant lies after another by more than two honest clocks are apart.
pub fn is_after(stated: Timestamp, other: Timestamp) -> bool {
    stated > other.saturating_add(CLOCK_SKEW).unwrap_or(other)
}

/// How far two honest clocks may be apart.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// CPU time the calling thread has used. What others do on the machine hardly shows in it.
pub fn thread_cpu_time() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(spent.tv_sec as u64, spent.tv_nsec as u32)
}

/// China Standard Time, UTC+8 without daylight saving since 1992: the zone of every civil date here.
pub fn china() -> TimeZone {
    TimeZone::fixed(Offset::constant(8))
}

/// An instant as people in China read it, to the second.
pub fn clock_time(at: Timestamp) -> String {
    at.to_zoned(china()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The civil date of an instant in China Standard Time.
pub fn civil_date(at: Timestamp) -> Date {
    at.to_zoned(china()).date()
}
