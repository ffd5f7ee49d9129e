//! What a query reads: the tables above it and the values of parameters.

use crate::Result;
use aloft_data::{Cancel, Relation};
use aloft_notebook::param::{self, Argument};
use std::collections::BTreeMap;

/// Rows of each table on which it is found out which part of a statement fails.
const FEW: usize = 100;

/// Tables and values by the names that a statement has for them.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    pub tables: Vec<(String, Relation)>,
    pub arguments: BTreeMap<String, Argument>,
}

impl Reads {
    /// The rows of a statement over these tables, as a plan.
    pub fn query(&self, sql: &str, cancel: &Cancel) -> Result<Relation> {
        let sql = param::bind(sql, &self.arguments)?;
        let tables = self.tables.iter();
        let tables: Vec<_> = tables.map(|(name, table)| (name.clone(), table)).collect();
        aloft_data::query(&sql, &tables, cancel)
    }

    /// The same with the first few rows of each table.
    pub fn of_few_rows(&self, cancel: &Cancel) -> Result<Self> {
        let first = |(name, _): &(String, Relation)| {
            let quoted = name.replace('"', "\"\"");
            let few = self.query(&format!("SELECT * FROM \"{quoted}\" LIMIT {FEW}"), cancel)?;
            Ok((name.clone(), few))
        };
        Ok(Self {
            tables: self.tables.iter().map(first).collect::<Result<_>>()?,
            arguments: self.arguments.clone(),
        })
    }
}
