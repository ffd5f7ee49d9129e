//! Aloft engine.
