//! Work in parts: done side by side on all cores, taken one by one in the order of the parts.

use crate::error::DataError;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

/// Asks `next` for jobs one after the other, does `work` on them side by side, and hands what comes of it to `take` in
/// the order of the jobs. Not many more jobs are under way than there are cores, so memory is bounded.
///
/// # Errors
/// The first error in the order of the jobs; nothing is taken behind it. A panic anywhere is an error too.
pub(crate) fn in_order<Job, Done, E>(
    next: impl FnMut() -> Result<Option<Job>, E> + Send,
    work: impl Fn(Job) -> Done + Sync,
    take: impl FnMut(Done) -> Result<(), E> + Send,
) -> Result<(), E>
where
    E: From<DataError> + Send,
{
    let jobs = Mutex::new(Jobs {
        next,
        number: 0,
        ended: false,
    });
    let turn = Mutex::new(Turn {
        take,
        number: 0,
        failed: None,
    });
    let moved = Condvar::new();
    let run = || {
        while lock(&turn).failed.is_none() {
            let Some((number, job)) = lock(&jobs).next() else {
                return;
            };
            let done = job.map(&work);
            let mut turn = lock(&turn);
            while turn.number != number && turn.failed.is_none() {
                turn = moved.wait(turn).unwrap_or_else(PoisonError::into_inner);
            }
            if turn.failed.is_some() {
                return;
            }
            turn.failed = done.and_then(&mut turn.take).err();
            turn.number += 1;
            moved.notify_all();
        }
    };
    let run_or_fail = || {
        // Who waits for the turn of a thread that is gone would wait for ever.
        if catch_unwind(AssertUnwindSafe(run)).is_err() {
            lock(&turn)
                .failed
                .get_or_insert_with(|| DataError::broken().into());
            moved.notify_all();
        }
    };
    thread::scope(|scope| {
        for _ in 1..rayon::current_num_threads() {
            scope.spawn(run_or_fail);
        }
        run_or_fail();
    });
    let turn = turn.into_inner().unwrap_or_else(PoisonError::into_inner);
    turn.failed.map_or(Ok(()), Err)
}

struct Jobs<N> {
    next: N,
    number: usize,
    ended: bool,
}

impl<N> Jobs<N> {
    /// The next job with its number; an error is one too, and the last.
    fn next<Job, E>(&mut self) -> Option<(usize, Result<Job, E>)>
    where
        N: FnMut() -> Result<Option<Job>, E>,
    {
        if self.ended {
            return None;
        }
        // Also when it panics.
        self.ended = true;
        let job = (self.next)().transpose()?;
        self.ended = job.is_err();
        self.number += 1;
        Some((self.number - 1, job))
    }
}

struct Turn<T, E> {
    take: T,
    /// Whose turn it is.
    number: usize,
    failed: Option<E>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;
    use std::time::Duration;

    fn squares(jobs: u64, work: impl Fn(u64) -> u64 + Sync) -> (Result<()>, Vec<u64>) {
        let (mut job, mut taken) = (0, Vec::new());
        let next = || {
            job += 1;
            Ok((job <= jobs).then_some(job))
        };
        let ended = in_order(next, work, |square| {
            taken.push(square);
            if square == 49 {
                Err(DataError::Stopped)
            } else {
                Ok(())
            }
        });
        (ended, taken)
    }

    #[test]
    fn results_come_in_the_order_of_the_jobs() {
        let slow = |job: u64| {
            thread::sleep(Duration::from_millis(job % 3));
            job * job
        };
        assert_eq!(squares(6, slow).1, [1, 4, 9, 16, 25, 36]);
        let (ended, taken) = squares(50, slow);
        assert!(matches!(ended, Err(DataError::Stopped)));
        assert_eq!(taken.last(), Some(&49));
    }

    #[test]
    fn a_panic_is_an_error_and_nobody_waits_for_ever() {
        let (ended, taken) = squares(50, |job| {
            assert!(job != 3, "this job can't be done");
            job * job
        });
        assert!(matches!(ended, Err(DataError::Compute(_))), "{ended:?}");
        assert!(taken.len() < 3, "{taken:?}");
    }
}
