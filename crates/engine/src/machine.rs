//! What this machine has, as a verdict wants it.

use aloft_placement::Machine;
use std::path::Path;

/// Memory, as far as this process may take it, and the free disk under a folder. 0 where it can't be found out.
pub fn machine(folder: &Path) -> Machine {
    Machine {
        memory_bytes: aloft_runs::memory_bytes(),
        free_disk_bytes: aloft_runs::free_disk_bytes(folder),
    }
}
