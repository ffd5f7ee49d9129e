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
pub struct Space {
    numbers: Vec<Pair>,
    length: usize,
}

impl Space {
    /// Space of this thread for so many pairs.
    pub fn new(pairs: usize) -> Self {
        let mut numbers = FREE.with_borrow_mut(Vec::pop).unwrap_or_default();
        // Never shorter, so that nothing is filled twice.
        if numbers.len() < pairs {
            numbers.resize(pairs, 0);
        }
        Self {
            numbers,
            length: pairs,
        }
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        let numbers = std::mem::take(&mut self.numbers);
        // Where the thread is at its end, so is its memory.
        let _ = FREE.try_with(|free| free.borrow_mut().push(numbers));
    }
}

impl Deref for Space {
    type Target = [Pair];

    fn deref(&self) -> &[Pair] {
        &self.numbers[..self.length]
    }
}

impl DerefMut for Space {
    fn deref_mut(&mut self) -> &mut [Pair] {
        &mut self.numbers[..self.length]
    }
}
