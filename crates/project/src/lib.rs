//! Aloft project.
