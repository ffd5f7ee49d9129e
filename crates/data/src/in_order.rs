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
    in_stages(next, work, take, Stages::NONE, |_, (): &()| Ok(()))
}

/// The same; what `take` gives goes through stages then, each of which jobs go through in their order. Whoever has done
/// the work on a job takes it through all of them, while its caches hold what came of it; other jobs are at other stages
/// meanwhile.
///
/// # Errors
/// As above, but a job behind one that fails may have gone through earlier stages.
pub(crate) fn in_stages<Job, Done, Taken, E>(
    next: impl FnMut() -> Result<Option<Job>, E> + Send,
    work: impl Fn(Job) -> Done + Sync,
    take: impl FnMut(Done) -> Result<Taken, E> + Send,
    stages: Stages,
    pass: impl Fn(Stage, &Taken) -> Result<(), E> + Sync,
) -> Result<(), E>
where
    E: From<DataError> + Send,
{
    let jobs = Mutex::new(Jobs {
        next,
        number: 0,
        ended: false,
    });
    let take = Mutex::new(take);
    let turns = Turns::new(stages);
    let run = || {
        while !turns.have_failed() {
            let Some((job, given)) = lock(&jobs).next() else {
                return;
            };
            let done = given.map(&work);
            let taken = turns.at(0, job, 1, || done.and_then(|done| lock(&take)(done)));
            let Some(taken) = taken else { return };
            let lane = job % stages.lanes;
            for number in 0..stages.each {
                let stage = Stage { lane, number };
                let place = 1 + lane * stages.each + number;
                if turns
                    .at(place, job, stages.lanes, || pass(stage, &taken))
                    .is_none()
                {
                    return;
                }
            }
        }
    };
    let run_or_fail = || {
        // Who waits for the turn of a thread that is gone would wait for ever.
        if catch_unwind(AssertUnwindSafe(run)).is_err() {
            turns.fail(0, DataError::broken().into());
        }
    };
    thread::scope(|scope| {
        for _ in 1..rayon::current_num_threads() {
            scope.spawn(run_or_fail);
        }
        run_or_fail();
    });
    turns.ended()
}

/// What jobs go through once they were taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stages {
    /// Job number `n` goes through the stages of lane `n % lanes`, which has its own.
    pub lanes: usize,
    /// Stages of each lane.
    pub each: usize,
}

impl Stages {
    /// Nothing is left to do.
    pub(crate) const NONE: Self = Self { lanes: 1, each: 0 };
}

/// Where a job is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stage {
    pub lane: usize,
    /// The number of the stage in its lane.
    pub number: usize,
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

/// Whose turn it is at each place.
struct Turns<E> {
    state: Mutex<State<E>>,
    moved: Condvar,
}

struct State<E> {
    turns: Vec<usize>,
    /// The first job that has failed.
    failed: Option<(usize, E)>,
}

impl<E> Turns<E> {
    fn new(stages: Stages) -> Self {
        let lanes = (0..stages.lanes).flat_map(|lane| std::iter::repeat_n(lane, stages.each));
        Self {
            state: Mutex::new(State {
                turns: [0].into_iter().chain(lanes).collect(),
                failed: None,
            }),
            moved: Condvar::new(),
        }
    }

    /// Does something when it is the turn of a job at a place, where that of the job `step` later comes behind it. `None`
    /// once that or a job before has failed.
    fn at<T>(&self, place: usize, job: usize, step: usize, act: impl FnOnce() -> Result<T, E>) -> Option<T> {
        let mut state = lock(&self.state);
        loop {
            if state.failed.as_ref().is_some_and(|(failed, _)| *failed < job) {
                return None;
            }
            if state.turns[place] == job {
                break;
            }
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        match act() {
            Ok(done) => {
                lock(&self.state).turns[place] = job + step;
                self.moved.notify_all();
                Some(done)
            }
            Err(error) => {
                self.fail(job, error);
                None
            }
        }
    }

    fn fail(&self, job: usize, error: E) {
        let failed = &mut lock(&self.state).failed;
        if failed.as_ref().is_none_or(|(first, _)| job <= *first) {
            *failed = Some((job, error));
        }
        self.moved.notify_all();
    }

    fn have_failed(&self) -> bool {
        lock(&self.state).failed.is_some()
    }

    fn ended(self) -> Result<(), E> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.failed.map_or(Ok(()), |(_, error)| Err(error))
    }
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

    fn failed(job: usize) -> DataError {
        DataError::UnknownColumn {
            name: job.to_string(),
            columns: Vec::new(),
        }
    }

    /// What each stage of each lane saw, where the job `fails` fails at the last stage of its lane.
    fn staged(jobs: usize, stages: Stages, fails: Option<usize>) -> (Result<()>, Vec<Vec<usize>>) {
        let seen: Vec<Mutex<Vec<usize>>> = (0..stages.lanes * stages.each)
            .map(|_| Mutex::default())
            .collect();
        let (mut numbers, mut before) = (0..jobs, 0);
        let ended = in_stages(
            || Ok(numbers.next()),
            |job| job,
            |job| {
                assert_eq!(job, before, "taken in their order");
                before += 1;
                Ok(job)
            },
            stages,
            |stage, job| {
                assert_eq!(stage.lane, job % stages.lanes);
                thread::sleep(Duration::from_micros((job * 7 + stage.number * 3) as u64 % 50));
                if fails.is_some_and(|fails| *job >= fails) && stage.number + 1 == stages.each {
                    return Err(failed(*job));
                }
                lock(&seen[stage.lane * stages.each + stage.number]).push(*job);
                Ok(())
            },
        );
        let seen = seen.into_iter().map(|seen| lock(&seen).clone()).collect();
        (ended, seen)
    }

    #[test]
    fn jobs_go_through_each_stage_in_their_order() {
        for (lanes, each) in [(1, 1), (1, 5), (3, 2)] {
            let (ended, seen) = staged(100, Stages { lanes, each }, None);
            assert!(ended.is_ok());
            for (place, seen) in seen.iter().enumerate() {
                let expected: Vec<usize> = (place / each..100).step_by(lanes).collect();
                assert_eq!(*seen, expected);
            }
        }
    }

    #[test]
    fn the_first_job_that_fails_is_told() {
        for lanes in 1..4 {
            let (ended, seen) = staged(100, Stages { lanes, each: 3 }, Some(20));
            assert_eq!(ended.unwrap_err().to_string(), failed(20).to_string());
            let last: Vec<usize> = seen.into_iter().skip(2).step_by(3).flatten().collect();
            assert_eq!(last.len(), 20);
        }
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
