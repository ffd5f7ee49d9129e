//! Which tables of a notebook could be joined, worked out when one of them is shown.

use crate::state::OpenNotebook;
use aloft_notebook::ask::{Subject, join_keys};
use aloft_spec::{Output, ask::JoinKeys, output::TableOutput};

impl OpenNotebook {
    /// The output of a cell, where it is a table.
    pub fn table(&self, cell: &str) -> Option<&TableOutput> {
        match self.cells.get(cell)?.output.as_ref()? {
            Output::Table(output) => Some(output),
            Output::Chart(_) => None,
        }
    }

    /// Works out the suggestions between the table of a cell, which has just been shown, and all others. A table and
    /// what was made of it aren't joined: their rows are the same ones.
    pub fn suggest_joins(&mut self, shown: &str) {
        let Some(output) = self.table(shown).cloned() else {
            return;
        };
        let kin: Vec<String> = self.document.downstream(shown);
        let others: Vec<(String, TableOutput)> = self
            .document
            .cells()
            .map(|cell| cell.name.clone())
            .filter(|name| {
                *name != shown
                    && !kin.contains(name)
                    && !self
                        .document
                        .downstream(name)
                        .iter()
                        .any(|reader| reader == shown)
            })
            .filter_map(|name| Some((name.clone(), self.table(&name)?.clone())))
            .collect();
        let mut found = Vec::new();
        for (name, other) in &others {
            let this = Subject {
                name: shown,
                output: &output,
            };
            let that = Subject { name, output: other };
            let join = |table: &str, keys| JoinKeys {
                table: table.to_owned(),
                keys,
            };
            found.extend(join_keys(this, that).map(|keys| join(name, keys)));
            let back = join_keys(that, this).map(|keys| join(shown, keys));
            let joins = &mut self.cell_mut(name).joins;
            joins.retain(|join| join.table != shown);
            joins.extend(back);
        }
        self.cell_mut(shown).joins = found;
    }
}
