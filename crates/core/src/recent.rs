//! Answers that are kept because they are soon asked for again, in bounded memory.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::Hash,
    mem,
    sync::{Mutex, PoisonError},
};

/// Answers to questions that have one answer each, whoever asks and whenever.
///
/// There are two generations. When the younger is full, the older is dropped; what is asked for again moves up. So
/// what is in use stays, and a flood of other questions costs time and no memory.
#[derive(Debug)]
pub(crate) struct Recent<Q, A> {
    /// Answers in one generation.
    size: usize,
    kept: Mutex<Option<Generations<Q, A>>>,
}

#[derive(Debug)]
struct Generations<Q, A> {
    younger: HashMap<Q, A>,
    older: HashMap<Q, A>,
}

impl<Q: Hash + Eq + Clone, A: Clone> Recent<Q, A> {
    /// For this many answers in each of two generations.
    pub(crate) const fn new(size: usize) -> Self {
        Self {
            size,
            kept: Mutex::new(None),
        }
    }

    pub(crate) fn get<K>(&self, question: &K) -> Option<A>
    where
        Q: Borrow<K>,
        K: Hash + Eq + ?Sized,
    {
        self.with(|kept| {
            if let Some(answer) = kept.younger.get(question) {
                return Some(answer.clone());
            }
            let (question, answer) = kept.older.remove_entry(question)?;
            kept.keep(self.size, question, answer.clone());
            Some(answer)
        })
    }

    pub(crate) fn keep(&self, question: Q, answer: A) {
        self.with(|kept| kept.keep(self.size, question, answer));
    }

    fn with<T>(&self, work: impl FnOnce(&mut Generations<Q, A>) -> T) -> T {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        work(kept.get_or_insert_with(|| Generations {
            younger: HashMap::new(),
            older: HashMap::new(),
        }))
    }
}

impl<Q: Hash + Eq, A> Generations<Q, A> {
    fn keep(&mut self, size: usize, question: Q, answer: A) {
        if self.younger.len() >= size {
            self.older = mem::take(&mut self.younger);
        }
        self.younger.insert(question, answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_and_what_is_used_stays() {
        let recent = Recent::new(10);
        recent.keep(0, "used");
        for flood in 1..1_000 {
            recent.keep(flood, "flood");
            if flood % 5 == 0 {
                assert_eq!(recent.get(&0), Some("used"));
            }
            recent.with(|kept| assert!(kept.younger.len() <= 10 && kept.older.len() <= 10));
        }
        assert_eq!(recent.get(&1), None);
        assert_eq!(recent.get(&999), Some("flood"));
    }
}
