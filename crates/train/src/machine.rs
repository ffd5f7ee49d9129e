//! What this process and its run take.

use rustix::process::{Resource, getrlimit};
use std::{fs, path::Path};

/// Peak resident memory of this process in bytes; 0 where the system doesn't tell.
pub fn peak_memory() -> u64 {
    fs::read_to_string("/proc/self/status").map_or(0, |status| kilobytes(&status, "VmHWM:").unwrap_or(0))
}

/// Bytes of memory that this process may have: those of the machine, or fewer where a limit is set for it; 0 where the
/// system doesn't tell.
pub fn memory_limit() -> u64 {
    let machine = aloft_runs::memory_bytes();
    match getrlimit(Resource::Data).current {
        Some(limit) if machine == 0 => limit,
        Some(limit) => limit.min(machine),
        None => machine,
    }
}

/// Bytes of all files under a folder but those named; what can't be read counts as nothing.
pub fn folder_bytes(folder: &Path, without: &[&str]) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .filter(|entry| !without.iter().any(|name| entry.file_name() == *name))
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => folder_bytes(&entry.path(), &[]),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

fn kilobytes(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    let number: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(number * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        assert_eq!(kilobytes("Name: x\nVmHWM:\t   12 kB\n", "VmHWM:"), Some(12_288));
        assert_eq!(kilobytes("VmHWM: many kB", "VmHWM:"), None);
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("model")).unwrap();
        fs::write(folder.path().join("model/a"), [0; 7]).unwrap();
        fs::write(folder.path().join("data.parquet"), [0; 100]).unwrap();
        assert_eq!(folder_bytes(folder.path(), &["data.parquet"]), 7);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_uses_less_than_the_machine_has() {
        assert!(peak_memory() > 0 && peak_memory() < aloft_runs::memory_bytes());
    }
}
