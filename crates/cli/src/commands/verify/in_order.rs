//! Work on all cores, results in the order of what was given.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// Results that may wait for an earlier one, which bounds the memory.
const WAITING: usize = 64;

/// How often it is asked whether to go on while there is no result.
const PULSE: Duration = Duration::from_millis(200);

/// What came of a run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Everything was worked on.
    All,
    /// `take` had enough.
    Enough,
    /// It was told to stop; threads may still be at work, or waiting for the next item.
    Stopped,
}

struct Board<R> {
    done: BTreeMap<usize, R>,
    /// How many results were taken.
    taken: usize,
    working: usize,
    over: bool,
}

/// Works on items on `threads` threads, and gives the results to `take` on this one, in the order of the items; once
/// `stopped` says so it gives none, before threads are waited for that may be stuck.
pub(super) fn in_order<I, R>(
    items: I,
    threads: usize,
    work: impl Fn(I::Item) -> R + Sync,
    mut take: impl FnMut(Option<R>) -> ControlFlow<()>,
    stopped: impl Fn() -> bool,
) -> End
where
    I: Iterator + Send,
    R: Send,
{
    let feed = Mutex::new(items.enumerate());
    let board = Mutex::new(Board {
        done: BTreeMap::new(),
        taken: 0,
        working: threads,
        over: false,
    });
    let changed = Condvar::new();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let _leaving = Leaving {
                    board: &board,
                    changed: &changed,
                };
                loop {
                    let Some((index, item)) = locked(&feed).next() else {
                        return;
                    };
                    let full = |board: &mut Board<R>| !board.over && index >= board.taken + WAITING;
                    let waited = changed.wait_while(locked(&board), full);
                    if waited.unwrap_or_else(PoisonError::into_inner).over {
                        return;
                    }
                    let result = work(item);
                    locked(&board).done.insert(index, result);
                    changed.notify_all();
                }
            });
        }
        let mut now = locked(&board);
        loop {
            if stopped() {
                now.over = true;
                drop(now);
                changed.notify_all();
                let _ = take(None);
                return End::Stopped;
            }
            let next = now.taken;
            if let Some(result) = now.done.remove(&next) {
                now.taken += 1;
                drop(now);
                changed.notify_all();
                let flow = take(Some(result));
                now = locked(&board);
                if flow.is_break() {
                    now.over = true;
                    changed.notify_all();
                    return End::Enough;
                }
            } else if now.working == 0 {
                return End::All;
            } else {
                let waited = changed.wait_timeout(now, PULSE);
                now = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    })
}

/// Counts a thread out, also one that panics.
struct Leaving<'a, R> {
    board: &'a Mutex<Board<R>>,
    changed: &'a Condvar,
}

impl<R> Drop for Leaving<'_, R> {
    fn drop(&mut self) {
        locked(self.board).working -= 1;
        self.changed.notify_all();
    }
}

/// No invariant is broken by a thread that panics: the scope passes the panic on.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn results_come_in_order_and_few_wait() {
        let ahead = AtomicUsize::new(0);
        let (mut took, mut most) = (Vec::new(), 0);
        let work = |n: usize| {
            // The first of each hundred is slow.
            if n.is_multiple_of(100) {
                thread::sleep(Duration::from_millis(5));
            }
            ahead.fetch_add(1, Ordering::SeqCst);
            n
        };
        let take = |n: Option<usize>| {
            most = most.max(ahead.load(Ordering::SeqCst) - took.len());
            took.extend(n);
            ControlFlow::Continue(())
        };
        let end = in_order(0..1000, 4, work, take, || false);
        assert_eq!(end, End::All);
        assert_eq!(took, (0..1000).collect::<Vec<_>>());
        assert!(most <= WAITING + 4, "{most} waited");
    }

    #[test]
    fn it_ends_early_without_end_of_items() {
        let enough = |n: Option<usize>| match n {
            Some(10) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        assert_eq!(in_order(0.., 2, |n| n, enough, || false), End::Enough);
        let taken = AtomicUsize::new(0);
        let mut told = false;
        let take = |n: Option<usize>| {
            taken.fetch_add(1, Ordering::SeqCst);
            told = n.is_none();
            ControlFlow::Continue(())
        };
        let stopped = || taken.load(Ordering::SeqCst) > 3;
        assert_eq!(in_order(0.., 2, |n| n, take, stopped), End::Stopped);
        assert!(told);
    }
}
