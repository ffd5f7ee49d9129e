//! Which process is which, from Linux's `/proc`.

use aloft_spec::run::WorkerRecord;
use std::fs;

/// A process as it is now; `None` when there is none with this id.
pub(crate) fn identify(pid: u32) -> Option<WorkerRecord> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(WorkerRecord {
        pid,
        started_ticks: started_ticks(&stat)?,
        boot: boot_id(),
    })
}

/// Whether the process of a record is still there. One that has ended and only waits to be reaped is not.
pub(crate) fn is_living(record: &WorkerRecord) -> bool {
    record.boot == boot_id()
        && fs::read_to_string(format!("/proc/{}/stat", record.pid)).is_ok_and(|stat| {
            started_ticks(&stat) == Some(record.started_ticks)
                && !matches!(fields(&stat).next(), None | Some("Z" | "X" | "x"))
        })
}

/// Fields of `/proc/PID/stat` from the third on (proc_pid_stat(5)): the second, the program's name, may hold spaces and
/// parentheses, so counting starts after its closing one.
fn fields(stat: &str) -> impl Iterator<Item = &str> {
    stat.rsplit_once(')')
        .map_or("", |(_, rest)| rest)
        .split_ascii_whitespace()
}

/// Field 22: when the process started, in clock ticks since boot.
fn started_ticks(stat: &str) -> Option<u64> {
    fields(stat).nth(22 - 3)?.parse().ok()
}

/// Another text after each start of the machine; empty where the kernel doesn't say.
fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_name_with_spaces_and_parentheses_is_no_trap() {
        let stat = "12 (a) b (c) R 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 191018 20";
        assert_eq!(fields(stat).next(), Some("R"));
        assert_eq!(started_ticks(stat), Some(191_018));
        assert_eq!(started_ticks("12 (cut"), None);
    }

    #[test]
    fn a_process_is_living_until_it_ends_even_before_it_is_reaped() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let record = identify(child.id()).unwrap();
        assert!(is_living(&record));
        child.kill().unwrap();
        // Not waited for: it stays a zombie, and its id with it.
        for _ in 0..500 {
            if !is_living(&record) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert!(!is_living(&record));
        assert!(identify(child.id()).is_some(), "it should still be a zombie");
        child.wait().unwrap();
        assert!(identify(record.pid).is_none_or(|other| other != record));
    }

    #[test]
    fn another_start_or_another_boot_is_another_process() {
        let own = identify(std::process::id()).unwrap();
        assert!(is_living(&own));
        assert!(!is_living(&WorkerRecord {
            started_ticks: own.started_ticks + 1,
            ..own.clone()
        }));
        assert!(!is_living(&WorkerRecord {
            boot: "another".into(),
            ..own
        }));
    }
}
