//! A bounded map that forgets what was not used for longest, roughly: two generations of
//! equal size. What is looked up in the older one moves to the younger; when the younger is
//! full, the older is dropped. Each operation is a few hash look-ups under a short lock.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Holds between `len_max / 2` and `len_max` of the entries used last.
#[derive(Debug)]
pub struct Recent<K, V> {
    generations: Mutex<Generations<K, V>>,
    generation_len_max: usize,
}

#[derive(Debug)]
struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    /// An empty map of at most `len_max` entries.
    pub fn new(len_max: usize) -> Self {
        Self {
            generations: Mutex::new(Generations { young: HashMap::new(), old: HashMap::new() }),
            generation_len_max: (len_max / 2).max(1),
        }
    }

    /// The value of `key`.
    pub fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let mut generations = self.lock();
        if let Some(value) = generations.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = generations.old.remove_entry(key)?;
        self.put(&mut generations, key, value.clone());
        Some(value)
    }

    /// Sets the value of `key`.
    pub fn insert(&self, key: K, value: V) {
        let mut generations = self.lock();
        generations.old.remove(&key);
        self.put(&mut generations, key, value);
    }

    /// The value of `key`, which `make` gives where there is none.
    pub fn get_or_insert_with(&self, key: K, make: impl FnOnce() -> V) -> V {
        let mut generations = self.lock();
        if let Some(value) = generations.young.get(&key) {
            return value.clone();
        }
        let value = generations.old.remove(&key).unwrap_or_else(make);
        self.put(&mut generations, key, value.clone());
        value
    }

    /// Forgets `key`.
    pub fn remove<Q: Eq + Hash + ?Sized>(&self, key: &Q)
    where
        K: Borrow<Q>,
    {
        let mut generations = self.lock();
        generations.young.remove(key);
        generations.old.remove(key);
    }

    /// Forgets the entries that `keeps` says no to.
    pub fn retain(&self, keeps: impl Fn(&V) -> bool) {
        let mut generations = self.lock();
        generations.young.retain(|_, value| keeps(value));
        generations.old.retain(|_, value| keeps(value));
    }

    fn put(&self, generations: &mut Generations<K, V>, key: K, value: V) {
        if generations.young.len() >= self.generation_len_max {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(key, value);
    }

    /// Nothing panics while the lock is held, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, Generations<K, V>> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Recent;

    #[test]
    fn what_is_used_stays_and_the_size_is_bounded() {
        let recent = Recent::new(8);
        recent.insert(-1, "used");
        for key in 0..1_000 {
            recent.insert(key, "passing");
            assert_eq!(recent.get(&-1), Some("used"), "after {key}");
        }
        let kept = (0..1_000).filter(|key| recent.get(key).is_some()).count();
        assert!((4..=8).contains(&kept), "{kept}");
        recent.remove(&-1);
        assert_eq!(recent.get(&-1), None);
        recent.insert(-2, "other");
        recent.retain(|value| *value == "other");
        assert_eq!((recent.get(&999), recent.get(&-2)), (None, Some("other")));
    }
}
