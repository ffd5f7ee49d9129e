//! What a training takes of this machine's memory, before it takes it: a table that can't fit stays in its file, and a run
//! that can't is refused with a batch that does, rather than ended by the system in the middle.

use crate::{
    error::{Result, TrainError},
    machine::memory_limit,
};
use aloft_nn::graph::{Declared, Graph};

/// Share of the memory that a batch may bring a run to.
const SHARE: f64 = 0.9;
/// Copies of each parameter: its number, the gradient, the optimizer's state, the best and the checkpoint's.
const PARAMETER_COPIES: u64 = 7;

/// Bytes that a value of a table takes while it is prepared: as it was read, as its column is fitted, as the model reads it.
const VALUE_BYTES: u64 = 16;
/// A table may take this share of the memory that there is, unless its run says how much.
const TABLE_SHARE: f64 = 0.5;
/// Bytes that a row takes while all values of the table are in files: its target, its part and its places.
pub const INDEX_BYTES: u64 = 40;

/// Bytes of memory that a table takes while a model learns from it.
pub fn table_bytes(rows: u64, columns: usize) -> u64 {
    rows.saturating_mul(columns as u64).saturating_mul(VALUE_BYTES)
}

/// Bytes that it may take: so many megabytes, or half of what this process may have.
pub fn allowed(megabytes: Option<u64>) -> u64 {
    match (megabytes, memory_limit()) {
        (Some(megabytes), _) => megabytes.saturating_mul(1_000_000),
        (None, 0) => u64::MAX,
        (None, limit) => (limit as f64 * TABLE_SHARE) as u64,
    }
}

/// Fails where a batch of so many rows, with the table's own bytes and the model, is more than `available` bytes; 0 where
/// the system doesn't tell.
pub fn check(graph: &Graph, batch_rows: usize, table_bytes: u64, available: u64) -> Result<()> {
    let parameters: usize = graph.parameters().iter().map(Declared::size).sum();
    let fixed = table_bytes + 4 * PARAMETER_COPIES * parameters as u64;
    // Each number of each op, and its gradient; what is put in also as it was gathered, for this batch and the next.
    let of_row = 2 * 4 * (graph.numbers_per_row() + graph.width(0)) as u64;
    let needed = fixed + of_row * batch_rows as u64;
    let most = (available as f64 * SHARE) as u64;
    if available == 0 || needed <= most {
        return Ok(());
    }
    let fits = most.saturating_sub(fixed) / of_row.max(1);
    Err(TrainError::OutOfMemory {
        needed,
        available,
        batch_rows,
        // A power of two below, so that it also fits beside what wasn't counted.
        fits: (fits > 0).then(|| 1 << fits.ilog2()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{architecture::Architecture, inputs::Shape};
    use aloft_spec::{Code, Problem, train::ModelSpec};

    #[test]
    fn a_batch_that_does_not_fit_is_refused_with_one_that_does() {
        let shape = Shape::Flat {
            numbers: 10,
            continuous: vec![],
            categories: vec![],
        };
        let graph = Architecture::new(&ModelSpec::default(), &shape, 2)
            .unwrap()
            .graph();
        let check = |rows, available| check(&graph, rows, 1_000_000, available).map_err(Problem::from);
        assert!(check(256, 1 << 30).is_ok() && check(1 << 40, 0).is_ok());
        let problem = check(1 << 30, 1 << 30).unwrap_err();
        assert_eq!(problem.code, Code::OutOfMemory);
        let hint = problem.hint.unwrap();
        let fits: usize = hint
            .split("batch_size = ")
            .nth(1)
            .and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
            .unwrap();
        assert!(
            check(fits, 1 << 30).is_ok() && check(fits * 4, 1 << 30).is_err(),
            "{hint}"
        );
        assert!(
            check(1, 1000)
                .unwrap_err()
                .hint
                .unwrap()
                .contains("smaller model")
        );
    }
}
