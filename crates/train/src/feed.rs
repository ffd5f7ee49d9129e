//! Batches to learn from: while a network learns from one, the next is gathered.

use crate::{batch::Batch, error::Result, inputs::Examples};
use aloft_nn::{network::Rows, rng::Random};

/// Bytes of a batch below which waking another thread costs more than it brings.
const WORTH_A_THREAD: usize = 128 << 10;

/// Batches of some rows, one after the other.
#[derive(Debug)]
pub struct Feed<'a> {
    rows: &'a dyn Examples,
    /// What makes rows a little different each time.
    variation: Random,
    now: Batch,
    ahead: Batch,
    /// The rows that are in `ahead`; none where nothing is.
    gathered: Vec<u32>,
}

impl<'a> Feed<'a> {
    /// Batches of `rows`.
    pub fn new(rows: &'a dyn Examples, variation: Random) -> Self {
        Self {
            rows,
            variation,
            now: Batch::default(),
            ahead: Batch::default(),
            gathered: Vec::new(),
        }
    }

    /// Forgets what was gathered; rows differ by these random numbers from now on.
    pub fn begin_epoch(&mut self, variation: Random) {
        self.variation = variation;
        self.gathered.clear();
    }

    /// Learns from the batch of `rows` and gathers that of `next` meanwhile, which is none where nothing is known to follow.
    ///
    /// # Errors
    /// Those of `learn`, and of reading a file, where the rows lie in one.
    pub fn learn<T>(
        &mut self,
        rows: &[u32],
        next: &[u32],
        learn: impl FnOnce(Rows<'_>) -> Result<T>,
    ) -> Result<T> {
        if !rows.is_empty() && self.gathered == rows {
            std::mem::swap(&mut self.now, &mut self.ahead);
        } else {
            gather(self.rows, rows, &mut self.variation, &mut self.now)?;
        }
        self.gathered.clear();
        if next.len() * self.rows.row_bytes() < WORTH_A_THREAD || rayon::current_num_threads() == 1 {
            return learn(self.now.rows());
        }
        let mut gathered = Ok(());
        // This thread learns itself: handing that over as well would wait for two more threads to wake up.
        let learned = rayon::in_place_scope(|scope| {
            scope.spawn(|_| gathered = gather(self.rows, next, &mut self.variation, &mut self.ahead));
            learn(self.now.rows())
        });
        let learned = learned?;
        gathered?;
        self.gathered.extend_from_slice(next);
        Ok(learned)
    }
}

/// Puts some rows into a batch, a little different each time where that leaves what they are.
fn gather(rows: &dyn Examples, indices: &[u32], variation: &mut Random, batch: &mut Batch) -> Result<()> {
    rows.gather(indices, batch)?;
    rows.vary(batch, variation);
    Ok(())
}

/// The rows of each step of an epoch, and those of the step behind it, none behind the last.
pub fn steps(order: &[u32], step_rows: usize) -> impl Iterator<Item = (&[u32], &[u32])> {
    let next = order.chunks(step_rows).skip(1).chain([&[][..]]);
    order.chunks(step_rows).zip(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Encoded;
    use aloft_nn::rng::Purpose;

    /// Rows that are varied by a random number each.
    #[derive(Debug)]
    struct Varied(Encoded);

    impl Examples for Varied {
        fn count(&self) -> usize {
            self.0.count()
        }

        fn row_bytes(&self) -> usize {
            self.0.row_bytes()
        }

        fn gather(&self, indices: &[u32], batch: &mut Batch) -> Result<()> {
            self.0.gather(indices, batch)
        }

        fn vary(&self, batch: &mut Batch, random: &mut Random) {
            for number in batch.numbers_mut() {
                *number += random.normal();
            }
        }
    }

    #[test]
    fn batches_are_the_same_whether_they_are_gathered_ahead_or_not() {
        let (rows, width) = (5_000, 40);
        let varied = Varied(Encoded {
            rows,
            numeric_width: width,
            numeric: (0..rows * width).map(|number| number as f32).collect(),
            category_width: 0,
            categories: Vec::new(),
        });
        let order: Vec<u32> = (0..rows as u32).rev().collect();
        let random = || Random::new(7, Purpose::Variation, 1);
        let batches = |ahead: bool| {
            let mut feed = Feed::new(&varied, random());
            let each = steps(&order, 900).map(|(rows, next)| {
                let next = if ahead { next } else { &[] };
                feed.learn(rows, next, |batch| Ok(batch.numbers.to_vec()))
                    .unwrap()
            });
            each.collect::<Vec<_>>()
        };
        let ahead = batches(true);
        assert!(900 * varied.row_bytes() >= WORTH_A_THREAD);
        assert_eq!(ahead.iter().map(Vec::len).sum::<usize>(), rows * width);
        assert!(ahead == batches(false));
        // Other rows than were announced are gathered then; an epoch that was left begins anew.
        let mut feed = Feed::new(&varied, random());
        let learn = |feed: &mut Feed<'_>, rows: &[u32], next: &[u32]| {
            feed.learn(rows, next, |batch| Ok(batch.numbers.to_vec()))
                .unwrap()
        };
        learn(&mut feed, &order[..900], &order[900..1800]);
        let other = learn(&mut feed, &order[3000..3900], &[]);
        assert!((other[0] - ((rows - 3001) * width) as f32).abs() < 10.0);
        feed.begin_epoch(random());
        assert!(learn(&mut feed, &order[..900], &[]) == ahead[0]);
    }
}
