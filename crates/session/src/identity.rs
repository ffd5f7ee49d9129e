//! Which block is which after an edit: the blocks before and after the changed place keep their identity.

use aloft_protocol::BlockId;

/// Gives out new identities.
#[derive(Debug, Default)]
pub struct Identities {
    last: u64,
}

impl Identities {
    /// A block that wasn't there before.
    pub fn fresh(&mut self) -> BlockId {
        self.last += 1;
        BlockId(self.last)
    }

    /// Identities for the blocks of a new text. `same(old, new)` says whether the old and the new block at these
    /// indices are the same to the letter. Blocks of the common head and tail keep theirs, and where as many blocks
    /// were replaced as there are now, they keep theirs too (their text was edited); a block that moved is found by
    /// its text.
    pub fn follow(
        &mut self,
        old: &[BlockId],
        new_len: usize,
        same: impl Fn(usize, usize) -> bool,
    ) -> Vec<BlockId> {
        let shorter = old.len().min(new_len);
        let head = (0..shorter).take_while(|&index| same(index, index)).count();
        let tail = (0..shorter - head)
            .take_while(|&back| same(old.len() - 1 - back, new_len - 1 - back))
            .count();
        let (old_middle, new_middle) = (head..old.len() - tail, head..new_len - tail);
        let mut free: Vec<usize> = old_middle.clone().collect();
        let mut middle: Vec<Option<BlockId>> = new_middle
            .clone()
            .map(|new| {
                let place = free.iter().position(|&index| same(index, new))?;
                Some(old[free.remove(place)])
            })
            .collect();
        if old_middle.len() == new_middle.len() {
            for slot in &mut middle {
                if slot.is_none() && !free.is_empty() {
                    *slot = Some(old[free.remove(0)]);
                }
            }
        }
        let middle = middle
            .into_iter()
            .map(|slot| slot.unwrap_or_else(|| self.fresh()))
            .collect::<Vec<_>>();
        [&old[..head], &middle, &old[old.len() - tail..]].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(old: &str, new: &str) -> Vec<u64> {
        let mut identities = Identities::default();
        let old: Vec<char> = old.chars().collect();
        let new: Vec<char> = new.chars().collect();
        let ids: Vec<BlockId> = old.iter().map(|_| identities.fresh()).collect();
        identities
            .follow(&ids, new.len(), |a, b| old[a] == new[b])
            .into_iter()
            .map(|id| id.0)
            .collect()
    }

    #[test]
    fn blocks_keep_their_identity() {
        assert_eq!(follow("abc", "abc"), [1, 2, 3]);
        assert_eq!(
            follow("abc", "aXc"),
            [1, 2, 3],
            "an edited block is the same block"
        );
        assert_eq!(follow("abc", "abXc"), [1, 2, 4, 3], "an inserted block is new");
        assert_eq!(follow("abc", "ac"), [1, 3], "a removed block is gone");
        assert_eq!(follow("abc", "acb"), [1, 3, 2], "a moved block is the same block");
        assert_eq!(follow("", "ab"), [1, 2]);
        assert_eq!(follow("aa", "aaa"), [1, 2, 3]);
    }
}
