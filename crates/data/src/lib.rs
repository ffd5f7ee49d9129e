//! Aloft data.
