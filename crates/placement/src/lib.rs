//! Aloft placement.
