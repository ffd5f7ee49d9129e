//! Groups of rows, by a table of our own.
//!
//! The engines of polars keep one large table of groups, or one for each thread, which for many groups waits for memory at
//! each row. Here each thread has a small table of its own as long as its groups fit into a cache. From then on it sorts rows
//! by their hashes into partitions, and whoever has enough rows of one adds them to its table, which fits into a cache again
//! (so does DuckDB: Kuiper and others, "Robust External Hash Aggregation in the Solid State Age", 2024).
//! Rows come in batches, so memory holds groups and some blocks of rows.

mod block;
mod input;
mod key;
mod partitions;
mod plan;
mod scan;
mod states;
mod table;
mod texts;
mod totals;
mod values;
mod waiting;

#[cfg(test)]
mod tests;

pub(crate) use plan::grouped;
