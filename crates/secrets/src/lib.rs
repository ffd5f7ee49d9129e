//! Aloft secrets.
