//! Who is next: what waits for a writer, fair between stores.
//!
//! A store that floods the queue delays itself: a batch takes one posting of each waiting
//! store in turn until it is full.

use std::collections::{HashMap, VecDeque};

use stockroom_domain::StoreId;

/// Things waiting, by store.
#[derive(Debug)]
pub(super) struct FairQueue<T> {
    waiting: HashMap<StoreId, VecDeque<T>>,
    /// Stores with something waiting, the next one first.
    turn: VecDeque<StoreId>,
}

impl<T> Default for FairQueue<T> {
    fn default() -> Self {
        Self { waiting: HashMap::new(), turn: VecDeque::new() }
    }
}

impl<T> FairQueue<T> {
    /// Adds `item` behind what its store has waiting.
    pub(super) fn push(&mut self, store: StoreId, item: T) {
        let line = self.waiting.entry(store).or_default();
        if line.is_empty() {
            self.turn.push_back(store);
        }
        line.push_back(item);
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.turn.is_empty()
    }

    /// Takes items in turn while their sizes add up to at most `size_max`; always at least
    /// one if any waits, however large it is.
    pub(super) fn take(&mut self, size_max: usize, size_of: impl Fn(&T) -> usize) -> Vec<T> {
        let mut taken = Vec::new();
        let mut size = 0;
        while let Some(store) = self.turn.front().copied() {
            let Some(line) = self.waiting.get_mut(&store) else { break };
            let next = line.front().map_or(0, &size_of);
            if !taken.is_empty() && size + next > size_max {
                break;
            }
            size += next;
            taken.extend(line.pop_front());
            self.turn.pop_front();
            if line.is_empty() {
                self.waiting.remove(&store);
            } else {
                self.turn.push_back(store);
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(items: &[(i64, usize)]) -> FairQueue<(i64, usize)> {
        let mut queue = FairQueue::default();
        for item in items {
            queue.push(StoreId(item.0), *item);
        }
        queue
    }

    #[test]
    fn a_flood_from_one_store_does_not_keep_another_waiting() {
        let mut queue = queue(&[(1, 1), (1, 2), (1, 3), (1, 4), (2, 9)]);
        let batch = queue.take(3, |_| 1);
        assert_eq!(batch, [(1, 1), (2, 9), (1, 2)]);
        assert_eq!(queue.take(9, |_| 1), [(1, 3), (1, 4)]);
        assert!(queue.is_empty());
    }

    #[test]
    fn one_store_s_postings_keep_their_order() {
        let mut queue = queue(&[(1, 1), (2, 1), (1, 2), (2, 2), (1, 3)]);
        let batch = queue.take(100, |_| 1);
        let of_store_1: Vec<usize> = batch.iter().filter(|i| i.0 == 1).map(|i| i.1).collect();
        assert_eq!(of_store_1, [1, 2, 3]);
    }

    #[test]
    fn a_batch_is_bounded_but_never_empty() {
        let mut queue = queue(&[(1, 50), (2, 3), (3, 3)]);
        assert_eq!(queue.take(5, |item| item.1), [(1, 50)]);
        assert_eq!(queue.take(5, |item| item.1), [(2, 3)]);
        assert_eq!(queue.take(5, |item| item.1), [(3, 3)]);
    }
}
