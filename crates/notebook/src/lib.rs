//! Aloft notebook.
