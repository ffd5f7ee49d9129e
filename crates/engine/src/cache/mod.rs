//! Outputs that were computed before, in memory and on the disk, each within a budget.

mod disk;
mod entry;
mod memory;

pub use disk::Size;
pub(crate) use disk::{DiskCache, Used, copies, files, folder};
pub(crate) use entry::Entry;
pub(crate) use memory::Recent;
