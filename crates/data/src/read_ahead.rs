//! How far polars reads Parquet files ahead of what is done with their rows.

use std::{env, num::NonZero, thread};

/// By this alone polars can be told.
const VARIABLE: &str = "POLARS_ROW_GROUP_PREFETCH_SIZE";
/// More isn't any faster.
const MOST_GROUPS: usize = 16;

/// Lets polars hold at most two row groups for each core that it hasn't worked on yet. By itself it holds sixteen and
/// more, which for files as they are usual takes 100 MB and gains nothing. Who has set its environment variable means it.
///
/// # Safety
/// It writes to the environment, so no other thread may run: call it first in `main`.
#[expect(
    unsafe_code,
    reason = "polars can be told by the environment alone; whoever calls this has one thread"
)]
pub unsafe fn limit_read_ahead() {
    if env::var_os(VARIABLE).is_none() {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let groups = (2 * cores).clamp(4, MOST_GROUPS);
        // SAFETY: who calls this says that no other thread reads the environment.
        unsafe { env::set_var(VARIABLE, groups.to_string()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    const ASKED: &str = "ALOFT_TEST_READ_AHEAD";

    /// What the variable is in a process that has called this.
    fn groups(given: Option<&str>) -> usize {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args([
            "--exact",
            "read_ahead::tests::what_a_person_has_set_stays",
            "--nocapture",
            "--test-threads=1",
        ]);
        child.env(ASKED, "").env_remove(VARIABLE);
        child.envs(given.map(|given| (VARIABLE, given)));
        let said = String::from_utf8(child.output().unwrap().stdout).unwrap();
        let groups = said.lines().find_map(|line| line.strip_prefix("row groups: "));
        groups.unwrap_or_else(|| panic!("{said}")).parse().unwrap()
    }

    #[test]
    #[expect(unsafe_code, reason = "in a process of its own")]
    fn what_a_person_has_set_stays() {
        if env::var_os(ASKED).is_some() {
            // SAFETY: the only other thread of this process waits for this test.
            unsafe { limit_read_ahead() };
            println!("\nrow groups: {}", env::var(VARIABLE).unwrap());
            return;
        }
        assert!((4..=MOST_GROUPS).contains(&groups(None)));
        assert_eq!(groups(Some("31")), 31);
    }
}
