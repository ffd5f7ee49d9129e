//! What a training takes of this machine's memory, before it takes it: a run that can't fit is refused with a batch that
//! does, rather than ended by the system in the middle.

use crate::error::{Result, TrainError};
use aloft_nn::graph::{Declared, Graph};

/// Share of the memory that a batch may bring a run to.
const SHARE: f64 = 0.9;
/// Copies of each parameter: its number, the gradient, the optimizer's state, the best and the checkpoint's.
const PARAMETER_COPIES: u64 = 7;

/// Fails where a batch of so many rows, with the table's own bytes and the model, is more than `available` bytes; 0 where
/// the system doesn't tell.
pub fn check(graph: &Graph, batch_rows: usize, table_bytes: u64, available: u64) -> Result<()> {
    let parameters: usize = graph.parameters().iter().map(Declared::size).sum();
    let fixed = table_bytes + 4 * PARAMETER_COPIES * parameters as u64;
    // Each number of each op, and its gradient.
    let of_row = 2 * 4 * graph.numbers_per_row() as u64;
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
    use crate::architecture::Architecture;
    use aloft_spec::{Code, Problem, train::ModelSpec};

    #[test]
    fn a_batch_that_does_not_fit_is_refused_with_one_that_does() {
        let graph = Architecture::new(&ModelSpec::default(), 10, &[], &[], 2)
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
