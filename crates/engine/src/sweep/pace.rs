//! How many trials run at a time: as many as cores and memory allow.

use super::trial::Trial;

/// Trials at a time where nobody says how many: more of them know less of each other.
const MOST: usize = 4;
/// Share of the memory that trials may take together.
const MEMORY: f64 = 0.8;

/// How many trials run at a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    asked: Option<u32>,
    planned: u32,
    cores: usize,
    /// 0 where it isn't known.
    memory_bytes: u64,
}

impl Pace {
    /// For so many trials in all on this machine; `asked` is what the sweep says.
    pub fn new(asked: Option<u32>, planned: u32, memory_bytes: u64) -> Self {
        Self {
            asked,
            planned,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes,
        }
    }

    /// At the most.
    pub fn most(self) -> usize {
        let asked = self.asked.map_or(MOST, |asked| asked as usize);
        asked.min(self.cores).min(self.planned as usize).max(1)
    }

    /// Threads of each trial. Always the same in a sweep, so that each trial gives the same numbers whatever runs beside it.
    pub fn threads(self) -> usize {
        (self.cores / self.most()).max(1)
    }

    /// Now, by what the trials so far have told: the first one alone until it has forecast its memory, and one at a time on
    /// a GPU, whose memory isn't forecast.
    pub fn now(self, trials: &[Trial]) -> usize {
        if trials.iter().any(Trial::is_on_gpu) && self.asked.is_none() {
            return 1;
        }
        match trials.iter().filter_map(Trial::memory_bytes).max() {
            None => 1,
            Some(most) => self.fitting(most),
        }
    }

    fn fitting(self, bytes: u64) -> usize {
        if self.memory_bytes == 0 || bytes == 0 {
            return self.most();
        }
        let fitting = self.memory_bytes as f64 * MEMORY / bytes as f64;
        (fitting as usize).clamp(1, self.most())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(asked: Option<u32>, planned: u32, cores: usize) -> Pace {
        Pace {
            asked,
            planned,
            cores,
            memory_bytes: 1000,
        }
    }

    #[test]
    fn cores_are_never_shared_by_more_trials_than_there_are_cores() {
        for (asked, planned, cores, most, threads) in [
            (None, 24, 1, 1, 1),
            (None, 24, 2, 2, 1),
            (None, 24, 16, 4, 4),
            (Some(16), 24, 8, 8, 1),
            (Some(3), 24, 8, 3, 2),
            (None, 1, 8, 1, 8),
            (None, 0, 8, 1, 8),
        ] {
            let pace = pace(asked, planned, cores);
            assert_eq!((pace.most(), pace.threads()), (most, threads));
            assert!(pace.most() * pace.threads() <= cores);
        }
    }

    #[test]
    fn trials_fit_into_memory_together() {
        let pace = pace(None, 24, 8);
        assert_eq!(pace.now(&[]), 1, "nobody knows yet what one takes");
        assert_eq!(pace.fitting(100), 4);
        assert_eq!(pace.fitting(300), 2);
        assert_eq!(pace.fitting(5000), 1, "one that doesn't fit says so itself");
    }
}
