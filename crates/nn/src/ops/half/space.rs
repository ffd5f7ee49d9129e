//! Memory for rounded numbers: each step takes as much as the one before it, and gives it back.

use super::unit::Pair;
use std::{
    cell::RefCell,
    ops::{Deref, DerefMut},
};

thread_local! {
    /// What nobody has at the moment.
    static FREE: RefCell<Vec<Vec<Pair>>> = const { RefCell::new(Vec::new()) };
}

/// So many pairs, which hold anything before.
#[derive(Debug)]
pub struct Space(Vec<Pair>);

impl Space {
    /// Space of this thread for so many pairs.
    pub fn new(pairs: usize) -> Self {
        let mut space = FREE.with_borrow_mut(Vec::pop).unwrap_or_default();
        space.resize(pairs, 0);
        Self(space)
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        let space = std::mem::take(&mut self.0);
        // Where the thread is at its end, so is its memory.
        let _ = FREE.try_with(|free| free.borrow_mut().push(space));
    }
}

impl Deref for Space {
    type Target = [Pair];

    fn deref(&self) -> &[Pair] {
        &self.0
    }
}

impl DerefMut for Space {
    fn deref_mut(&mut self) -> &mut [Pair] {
        &mut self.0
    }
}
