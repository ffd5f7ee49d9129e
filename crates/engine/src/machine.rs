//! What this machine has.

use aloft_placement::Machine;
use std::path::Path;
use sysinfo::System;

/// Memory, as far as this process may take it, and the free disk under a folder. 0 where it can't be found
/// out.
pub fn machine(folder: &Path) -> Machine {
    Machine {
        memory_bytes: memory_bytes(),
        free_disk_bytes: free_disk_bytes(folder),
    }
}

fn memory_bytes() -> u64 {
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

/// Bytes that this user may still write below a folder, or below the nearest folder above that is there.
fn free_disk_bytes(folder: &Path) -> u64 {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    folder
        .ancestors()
        .find_map(|folder| rustix::fs::statvfs(folder).ok())
        .map_or(0, |disk| disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_memory_and_disk() {
        let machine = machine(Path::new("a/folder/that/is/not/there"));
        assert!(machine.memory_bytes > 1 << 20);
        assert!(machine.free_disk_bytes > 0);
    }
}
