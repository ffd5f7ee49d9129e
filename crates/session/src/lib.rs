//! Aloft session.
