//! What was used last, in memory, up to so many bytes.

use std::collections::VecDeque;

/// Values by key; when they take more than the budget, those that weren't used for longest go.
#[derive(Debug)]
pub(crate) struct Recent<V> {
    /// The latest used last.
    kept: VecDeque<(String, V, u64)>,
    most: usize,
}

impl<V: Clone> Recent<V> {
    /// Keeps so many values at the most.
    pub fn new(most: usize) -> Self {
        Self {
            kept: VecDeque::new(),
            most,
        }
    }

    /// The value of a key, which is the latest used now.
    pub fn get(&mut self, key: &str) -> Option<V> {
        let at = self.kept.iter().position(|(known, ..)| known == key)?;
        let entry = self.kept.remove(at)?;
        let value = entry.1.clone();
        self.kept.push_back(entry);
        Some(value)
    }

    /// Keeps a value of so many bytes. One that is larger than the budget isn't kept.
    pub fn put(&mut self, key: String, value: V, bytes: u64, budget: u64) {
        self.kept.retain(|(known, ..)| *known != key);
        if bytes > budget {
            return;
        }
        self.kept.push_back((key, value, bytes));
        let mut total: u64 = self.kept.iter().map(|(.., bytes)| bytes).sum();
        while self.kept.len() > self.most || total > budget {
            let Some((.., bytes)) = self.kept.pop_front() else {
                return;
            };
            total -= bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_goes() {
        let mut recent = Recent::new(3);
        for key in ["a", "b", "c"] {
            recent.put(key.into(), key, 10, 100);
        }
        assert_eq!(recent.get("a"), Some("a"));
        recent.put("d".into(), "d", 10, 100);
        assert_eq!(recent.get("b"), None, "the count holds");
        recent.put("e".into(), "e", 80, 100);
        assert_eq!(recent.get("c"), None, "the bytes hold");
        assert_eq!((recent.get("a"), recent.get("d")), (Some("a"), Some("d")));
        recent.put("f".into(), "f", 101, 100);
        assert_eq!(recent.get("f"), None, "what is larger than all isn't kept");
        assert_eq!(recent.get("e"), Some("e"), "and pushes nothing out");
    }
}
