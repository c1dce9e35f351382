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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// Threads that have not left.
    working: usize,
    /// Threads that wait for room for their results.
    held: usize,
    /// What it came to, where nothing more is to be begun.
    end: Option<End>,
}

/// Works on items on `threads` threads, and gives the results to `take` in the order of the items, on whichever thread
/// has the next one: waking another for each costs as much as a tenth of reading a file. Once `stopped` says so it
/// gives none, before threads are waited for that may be stuck.
pub(super) fn in_order<I, R>(
    items: I,
    threads: usize,
    work: impl Fn(I::Item) -> R + Sync,
    take: impl FnMut(Option<R>) -> ControlFlow<()> + Send,
    stopped: impl Fn() -> bool + Sync,
) -> End
where
    I: Iterator + Send,
    R: Send,
{
    let feed = Mutex::new(items.enumerate());
    // Locked and let go of with the board in hand: who finds it taken leaves the result to who has it.
    let take = Mutex::new(take);
    let board = Mutex::new(Board {
        done: BTreeMap::new(),
        taken: 0,
        working: threads,
        held: 0,
        end: None,
    });
    let (room, over) = (Condvar::new(), Condvar::new());
    let give = |index, result| {
        let mut now = locked(&board);
        now.done.insert(index, result);
        let Ok(mut taking) = take.try_lock() else {
            return;
        };
        while now.end.is_none() {
            if stopped() {
                now.end = Some(End::Stopped);
                break;
            }
            let next = now.taken;
            let Some(result) = now.done.remove(&next) else {
                break;
            };
            now.taken += 1;
            if now.held > 0 {
                room.notify_all();
            }
            drop(now);
            let flow = taking(Some(result));
            now = locked(&board);
            if flow.is_break() {
                now.end = Some(End::Enough);
            }
        }
        if now.end.is_some() {
            over.notify_all();
        }
        drop(taking);
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let _leaving = Leaving {
                    board: &board,
                    over: &over,
                };
                loop {
                    let Some((index, item)) = locked(&feed).next() else {
                        return;
                    };
                    let mut now = locked(&board);
                    while now.end.is_none() && index >= now.taken + WAITING {
                        now.held += 1;
                        now = room.wait(now).unwrap_or_else(PoisonError::into_inner);
                        now.held -= 1;
                    }
                    if now.end.is_some() {
                        return;
                    }
                    drop(now);
                    give(index, work(item));
                }
            });
        }
        let mut now = locked(&board);
        while now.end.is_none() && now.working > 0 {
            if stopped() {
                now.end = Some(End::Stopped);
                break;
            }
            let waited = over.wait_timeout(now, PULSE);
            now = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let end = now.end.unwrap_or(End::All);
        drop(now);
        room.notify_all();
        if end == End::Stopped {
            let _ = locked(&take)(None);
        }
        end
    })
}

/// Counts a thread out, also one that panics.
struct Leaving<'a, R> {
    board: &'a Mutex<Board<R>>,
    over: &'a Condvar,
}

impl<R> Drop for Leaving<'_, R> {
    fn drop(&mut self) {
        locked(self.board).working -= 1;
        self.over.notify_all();
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
