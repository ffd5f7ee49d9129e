//! Aloft cloud.
