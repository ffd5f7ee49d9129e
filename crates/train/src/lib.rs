//! Aloft train.
