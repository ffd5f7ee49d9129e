//! Tables in and out.

pub use aloft_data::{read_frame, write_table};
