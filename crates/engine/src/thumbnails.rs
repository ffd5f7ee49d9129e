//! Pictures in the rows of a cell's table.

use crate::{Evaluator, Result, Workspace, resolved::Resolved};
use aloft_data::{Cancel, Picture};
use aloft_spec::table::Scope;

/// Rows of a column whose pictures are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Stretch<'a> {
    /// The column: it holds bytes, or paths of files below the folder that its table comes from.
    pub column: &'a str,
    /// The first row, counted from 0.
    pub first: u64,
    /// How many rows, at the most.
    pub rows: usize,
}

impl Evaluator {
    /// The pictures in some rows of a source or query cell, at most `side` pixels wide and high; `None` where there is no
    /// picture.
    ///
    /// # Errors
    /// The cell's rows can't be computed, or the column holds no pictures.
    pub fn thumbnails(
        &self,
        workspace: &Workspace,
        cell: &str,
        scope: Scope,
        wanted: Stretch<'_>,
        side: u32,
        cancel: &Cancel,
    ) -> Result<Vec<Option<Picture>>> {
        let resolved = Resolved::new(workspace, cell)?;
        let relation = self.table(workspace, &resolved, scope, cancel)?;
        relation.thumbnails(wanted.column, resolved.folder(), wanted.first, wanted.rows, side)
    }
}
