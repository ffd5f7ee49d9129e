//! What the machine that executes runs has.

use std::path::Path;
use sysinfo::System;

/// Memory that this process may use: the machine's, or less where a control group limits it; 0 where unknown.
pub fn memory_bytes() -> u64 {
    let Ok(mut system) = System::new() else {
        return 0;
    };
    system.refresh_memory();
    // In a container the limit of its control group is what counts.
    match system.cgroup_limits() {
        Some(limits) if limits.total_memory > 0 => limits.total_memory.min(system.total_memory()),
        _ => system.total_memory(),
    }
}

/// Bytes that this user may still write below a folder, or below the nearest folder above that is there; 0 where
/// unknown.
pub fn free_disk_bytes(folder: &Path) -> u64 {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    folder
        .ancestors()
        .find_map(|folder| rustix::fs::statvfs(folder).ok())
        .map_or(0, |disk| disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Name of this machine; empty where it has none.
pub fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_memory_and_disk() {
        assert!(memory_bytes() > 1 << 20);
        assert!(free_disk_bytes(Path::new("a/folder/that/is/not/there")) > 0);
    }
}
