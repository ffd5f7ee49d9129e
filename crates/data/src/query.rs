//! SQL over relations.

use crate::{
    Cancel, Relation, comparison,
    direct::Direct,
    error::{DataError, Result, guarded},
    execute::EngineChoice,
    grouping,
    statement::made_plain,
    sums::with_safe_sums,
};
use aloft_spec::{
    Problem,
    table::{ColumnKind, Field},
};
use polars::{
    error::{PolarsWarning, get_warning_function, set_warning_function},
    prelude::{LazyFrame, SchemaRef},
    sql::SQLContext,
};
use sqlparser::{
    ast::{Query, SetExpr, Statement, TableFactor, Visit, Visitor},
    dialect::GenericDialect,
    parser::{Parser, ParserOptions},
};
use std::{
    collections::BTreeSet,
    ops::ControlFlow,
    sync::{Once, OnceLock},
};

/// A lazy query over named relations. Columns and types are checked, nothing is computed.
///
/// Over a sample the result is of the sample; over all rows it is of all. Rows come in no particular order without an
/// ORDER BY where the inputs are too large for memory.
///
/// # Errors
/// `Syntax` with line and column in the message; `UnknownName` of a table; `UnknownColumn`; `DuplicateName` of two
/// result columns; `Unsupported` for other statements than SELECT, for reading files from SQL (that is a source's
/// work: it has a class and a fingerprint), and for what polars can't do.
pub fn query(
    sql: &str,
    inputs: &[(String, &Relation)],
    cancel: &Cancel,
) -> std::result::Result<Relation, Problem> {
    Ok(plan(sql, inputs, cancel)?)
}

fn plan(sql: &str, inputs: &[(String, &Relation)], cancel: &Cancel) -> Result<Relation> {
    cancel.step()?;
    without_advice();
    let (mut statement, tables) = parsed(sql)?;
    let written = statement.clone();
    made_plain(&mut statement)?;
    // What polars reads right stays as it was written, with its places.
    let plain = (statement != written).then(|| statement.to_string());
    let sql = plain.as_deref().unwrap_or(sql);
    let mut used = Vec::new();
    let mut context = SQLContext::new();
    for name in &tables {
        let Some((_, relation)) = inputs.iter().find(|(input, _)| input == name) else {
            let tables = inputs.iter().map(|(name, _)| name.clone()).collect();
            return Err(DataError::UnknownTable {
                name: name.clone(),
                tables,
            });
        };
        context.register(name, relation.plan.clone());
        used.push(*relation);
    }
    comparison::check(&statement, &dates(&used))?;
    let columns = || {
        used.iter()
            .flat_map(|relation| relation.schema())
            .map(|field| field.name.clone())
    };
    let is_large = used
        .iter()
        .any(|relation| relation.engine == EngineChoice::Streaming);
    let (plan, schema) = planned(&mut context, sql, is_large)
        .map_err(|error| error.among(columns().collect::<BTreeSet<_>>(), tables.iter().cloned()))?;
    if schema.is_empty() {
        return Err(DataError::Unsupported {
            what: "the query has no columns".into(),
            hint: "name some columns behind SELECT".into(),
        });
    }
    let direct = match direct(sql, &tables, &used) {
        None if is_large => groups(&plan)?,
        direct => direct,
    };
    Ok(Relation::of_query(plan, direct, &schema, &used, cancel))
}

/// The plan of a statement, which may be `grouped` by a table of our own, and its columns.
fn planned(context: &mut SQLContext, sql: &str, grouped: bool) -> Result<(LazyFrame, SchemaRef)> {
    let plan = guarded(|| {
        let mut plan = context.execute(sql)?;
        plan.collect_schema()?;
        Ok(plan)
    })?;
    let mut plan = with_safe_sums(&plan, grouped)?;
    let schema = guarded(|| plan.collect_schema())?;
    Ok((plan, schema))
}

/// The same statement over the direct plans of those tables that have one; `None` where none has.
fn direct(sql: &str, names: &BTreeSet<String>, tables: &[&Relation]) -> Option<Direct> {
    let is_direct = tables.iter().any(|relation| relation.direct.is_some());
    let plans = tables
        .iter()
        .map(|relation| (relation.direct.clone(), relation.plan.clone()));
    let tables: Vec<_> = names.iter().cloned().zip(plans).collect();
    let sql = sql.to_owned();
    is_direct.then(|| {
        Direct::new(move |cancel| {
            let mut context = SQLContext::new();
            for (name, (direct, plan)) in &tables {
                let direct = direct.as_ref().map(|direct| direct.plan(cancel)).transpose()?;
                context.register(name, direct.unwrap_or_else(|| plan.clone()));
            }
            let (plan, _) = planned(&mut context, &sql, true)?;
            Ok(grouping::grouped(&plan, EngineChoice::InMemory, cancel)?.unwrap_or(plan))
        })
    })
}

/// A plan over what stays in files with groupings of ours; `None` where these can't read all of it.
fn groups(plan: &LazyFrame) -> Result<Option<Direct>> {
    let of = |plan: &LazyFrame, cancel: &Cancel| grouping::grouped(plan, EngineChoice::Streaming, cancel);
    let is_grouped = of(plan, &Cancel::new())?.is_some();
    let plan = plan.clone();
    Ok(is_grouped.then(|| Direct::new(move |cancel| Ok(of(&plan, cancel)?.unwrap_or_else(|| plan.clone())))))
}

/// A plan with the rows that meet a condition; columns and types are checked. It is read as that of a query is: a
/// condition alone doesn't know its columns, and compares no time with a text.
pub(crate) fn filtered(plan: &LazyFrame, condition: &str) -> Result<LazyFrame> {
    without_advice();
    guarded(|| {
        let mut context = SQLContext::new();
        context.register("rows", plan.clone());
        let mut filtered = context.execute(&format!("SELECT * FROM rows WHERE ({condition})"))?;
        filtered.collect_schema()?;
        Ok(filtered)
    })
}

/// polars warns on standard error of what its own SQL does by means it is about to drop (`DATE '2013-06-30'`). Whoever
/// wrote the query can't do anything about that; all else that it warns of is passed on.
fn without_advice() {
    type Warn = fn(&str, PolarsWarning);
    static PASSED_ON: OnceLock<Warn> = OnceLock::new();
    static SET: Once = Once::new();
    SET.call_once(|| {
        // Nobody else sets it, and this happens once.
        let _ = PASSED_ON.set(get_warning_function());
        set_warning_function(|text, warning| {
            if let (Some(pass), false) = (PASSED_ON.get(), matches!(warning, PolarsWarning::Deprecation)) {
                pass(text, warning);
            }
        });
    });
}

/// Columns that hold dates or points in time in every table that has them.
fn dates(tables: &[&Relation]) -> BTreeSet<String> {
    let fields = || tables.iter().flat_map(|table| table.schema());
    let is_date = |field: &&Field| matches!(field.kind, ColumnKind::Date | ColumnKind::Datetime);
    let others: BTreeSet<&str> = fields()
        .filter(|field| !is_date(field))
        .map(|field| field.name.as_str())
        .collect();
    let dates = fields().filter(is_date).map(|field| field.name.clone());
    dates.filter(|name| !others.contains(name.as_str())).collect()
}

/// A statement, and the names of the tables that it reads, those that it makes itself (WITH) left out.
fn parsed(sql: &str) -> Result<(Statement, BTreeSet<String>)> {
    // The options are those of polars, so that both read the same.
    let options = ParserOptions {
        trailing_commas: true,
        ..Default::default()
    };
    let statements = Parser::new(&GenericDialect {})
        .with_options(options)
        .try_with_sql(sql)
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| {
            let message = error.to_string();
            DataError::Sql {
                message: message.trim_start_matches("sql parser error: ").to_owned(),
            }
        })?;
    let mut names = TableNames::default();
    match statements.as_slice() {
        [] => {}
        [Statement::Query(query)] if reads_only(&query.body) => {
            if let ControlFlow::Break(error) = query.visit(&mut names) {
                return Err(error);
            }
        }
        [_] => {
            return Err(DataError::Unsupported {
                what: "a query cell can't change anything".into(),
                hint: "begin with SELECT or WITH".into(),
            });
        }
        [..] => {
            return Err(DataError::Unsupported {
                what: "there is more than one statement".into(),
                hint: "put each into a cell of its own".into(),
            });
        }
    }
    let tables = names.read.difference(&names.made).cloned().collect();
    let statement = statements.into_iter().next();
    let statement = statement.ok_or_else(|| DataError::Sql {
        message: "the query is empty".into(),
    })?;
    Ok((statement, tables))
}

fn reads_only(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => select.into.is_none(),
        SetExpr::Query(query) => reads_only(&query.body),
        SetExpr::SetOperation { left, right, .. } => reads_only(left) && reads_only(right),
        SetExpr::Values(_) | SetExpr::Table(_) => true,
        _ => false,
    }
}

#[derive(Default)]
struct TableNames {
    read: BTreeSet<String>,
    made: BTreeSet<String>,
}

impl Visitor for TableNames {
    type Break = DataError;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<DataError> {
        if let Some(with) = &query.with {
            self.made
                .extend(with.cte_tables.iter().map(|table| table.alias.name.value.clone()));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<DataError> {
        match factor {
            TableFactor::Table { name, args: None, .. } => {
                let name = name.0.iter().map(|part| {
                    part.as_ident()
                        .map_or_else(|| part.to_string(), |ident| ident.value.clone())
                });
                self.read.insert(name.collect::<Vec<_>>().join("."));
                ControlFlow::Continue(())
            }
            TableFactor::Table { name, .. } => ControlFlow::Break(DataError::Unsupported {
                what: format!("`{name}(…)` can't be read from SQL"),
                hint: "make a source cell for the file, and use its name".into(),
            }),
            _ => ControlFlow::Continue(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use aloft_spec::sql::{FUNCTIONS, KEYWORDS};
    use std::collections::BTreeSet;

    /// The editor offers what polars knows, no more and no less.
    #[test]
    fn the_words_of_the_editor_are_those_of_polars() {
        let known: BTreeSet<&str> = polars::sql::keywords::all_functions().into_iter().collect();
        let offered: BTreeSet<&str> = FUNCTIONS.iter().copied().collect();
        // Functions that read files are a source's work.
        let missing: Vec<_> = known
            .difference(&offered)
            .filter(|name| !name.starts_with("read_"))
            .collect();
        assert!(missing.is_empty() && offered.is_subset(&known), "{missing:?}");
        let is_keyword =
            |word: &&str| sqlparser::keywords::ALL_KEYWORDS.contains(&word.to_uppercase().as_str());
        let odd: Vec<_> = KEYWORDS.iter().filter(|word| !is_keyword(word)).collect();
        assert!(odd.is_empty(), "{odd:?}");
        assert!(KEYWORDS.is_sorted() && FUNCTIONS.is_sorted());
    }
}
