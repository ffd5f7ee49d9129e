//! How far polars reads Parquet files ahead of what is done with their rows.

use std::{env, num::NonZero, thread};

/// More row groups at once aren't any faster.
const MOST_GROUPS: usize = 16;
/// Nor are more cores, where each holds whole row groups.
const MOST_CORES: usize = 16;
/// What a core gets to decode at once. With less of it reading takes longer.
const BYTES_A_CORE: usize = 8 << 20;

/// What polars is told, by the only way there is, for so many cores.
fn settings(cores: usize) -> [(&'static str, usize); 3] {
    let bytes = cores.clamp(2, MOST_CORES) * BYTES_A_CORE;
    [
        (
            "POLARS_ROW_GROUP_PREFETCH_SIZE",
            (2 * cores).clamp(4, MOST_GROUPS),
        ),
        // Both count: of narrow columns many row groups may wait, of whole rows few. One that is larger waits alone.
        ("POLARS_ROW_GROUP_PREFETCH_KBYTES_BUDGET", bytes >> 10),
        // What is fetched at once of a large range. polars takes no budget for less.
        ("POLARS_DOWNLOAD_CHUNK_SIZE", BYTES_A_CORE),
    ]
}

/// Lets polars hold at most two row groups and 8 MB for each core that it hasn't worked on yet. By itself it holds sixteen
/// and more, which for files as they are usual takes 100 MB and gains nothing. Who has set one of its environment variables
/// means it.
///
/// # Safety
/// It writes to the environment, so no other thread may run: call it first in `main`.
#[expect(
    unsafe_code,
    reason = "polars can be told by the environment alone; whoever calls this has one thread"
)]
pub unsafe fn limit_read_ahead() {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    for (variable, value) in settings(cores) {
        if env::var_os(variable).is_none() {
            // SAFETY: who calls this says that no other thread reads the environment.
            unsafe { env::set_var(variable, value.to_string()) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    const ASKED: &str = "ALOFT_TEST_READ_AHEAD";

    /// What the variables are in a process that has called this; one of them may have been set before.
    fn set(given: Option<(&str, &str)>) -> Vec<usize> {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args([
            "--exact",
            "read_ahead::tests::what_a_person_has_set_stays",
            "--nocapture",
            "--test-threads=1",
        ]);
        child.env(ASKED, "");
        for (variable, _) in settings(1) {
            child.env_remove(variable);
        }
        child.envs(given);
        let said = String::from_utf8(child.output().unwrap().stdout).unwrap();
        let values = said.lines().find_map(|line| line.strip_prefix("read ahead:"));
        let values = values.unwrap_or_else(|| panic!("{said}")).split_whitespace();
        values.map(|value| value.parse().unwrap()).collect()
    }

    #[test]
    #[expect(unsafe_code, reason = "in a process of its own")]
    fn what_a_person_has_set_stays() {
        if env::var_os(ASKED).is_some() {
            // SAFETY: the only other thread of this process waits for this test.
            unsafe { limit_read_ahead() };
            let values = settings(1).map(|(variable, _)| env::var(variable).unwrap());
            println!("\nread ahead: {}", values.join(" "));
            return;
        }
        let cores = thread::available_parallelism().unwrap().get();
        let own = settings(cores).map(|(_, value)| value);
        assert_eq!(set(None), own);
        for (place, (variable, _)) in settings(1).into_iter().enumerate() {
            let mut expected = own;
            expected[place] = 31;
            assert_eq!(set(Some((variable, "31"))), expected);
        }
    }

    #[test]
    fn more_cores_hold_more() {
        let of = |cores| settings(cores).map(|(_, value)| value);
        assert_eq!(of(1), [4, 16 << 10, 8 << 20]);
        assert_eq!(of(64), [16, 128 << 10, 8 << 20]);
    }
}
