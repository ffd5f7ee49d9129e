//! Keys of a train cell set to other values where they are written: for the trials of a sweep, and to keep the best one.

use crate::document::{Block, Document};
use crate::validate;
use aloft_spec::sweep::{SweepValue, Values};
use aloft_spec::{CellKind, Code, Problem, Severity};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, TomlError, Value};

impl Document {
    /// The text with these keys of a train cell set to these values; comments and all other keys stay as they are written.
    ///
    /// # Errors
    /// There is no such cell, its text isn't TOML, or a train cell can't have these values together: the problem is what
    /// would be said of the cell, without a place.
    pub fn set_values(&self, name: &str, values: &Values) -> Result<String, Problem> {
        let place = self.blocks().iter().position(
            |block| matches!(block, Block::Cell(cell) if cell.name == name && cell.kind == CellKind::Train),
        );
        let Some((index, body)) = place.and_then(|index| Some((index, self.block_text(index)?))) else {
            return Err(
                Problem::new(Code::UnknownName, format!("there is no train cell `{name}`"))
                    .with_hint("name a train cell of the notebook"),
            );
        };
        let text = with_values(body, values)?;
        let found = validate::train(&text).findings;
        match found.into_iter().find(|found| found.severity == Severity::Error) {
            Some(error) => Err(Problem {
                hint: error.hint,
                ..Problem::new(error.code, error.message)
            }),
            None => Ok(self.replace_block(index, &text)),
        }
    }
}

/// The body of a train cell with these values, whether or not a train cell can have them.
pub(crate) fn with_values(body: &str, values: &Values) -> Result<String, Problem> {
    let mut document: DocumentMut = body.parse().map_err(|error: TomlError| {
        Problem::new(
            Code::Syntax,
            format!("the cell isn't TOML: {}", error.message().trim()),
        )
        .with_hint("mend its text first")
    })?;
    for (path, value) in values {
        let keys: Vec<&str> = path.split('.').collect();
        set(document.as_table_mut(), &keys, value, Form::Header).ok_or_else(|| {
            Problem::new(
                Code::BadValue,
                format!("`{path}` can't be set: a part of it is no table"),
            )
        })?;
    }
    let mut text = document.to_string();
    if !body.ends_with('\n') {
        text.truncate(text.trim_end_matches(['\n', '\r']).len());
    }
    Ok(text)
}

/// How a table is written, and so the tables in it that are new.
#[derive(Clone, Copy)]
enum Form {
    /// Below a line `[model]`.
    Header,
    /// `model.kind = "trees"`
    Dotted,
    /// `model = { kind = "trees" }`
    Inline,
}

/// Sets a key in a table, or in the tables within; `None` where something on the way is no table.
fn set(table: &mut dyn TableLike, keys: &[&str], value: &SweepValue, form: Form) -> Option<()> {
    let (key, rest) = keys.split_first()?;
    if rest.is_empty() {
        let mut new = toml_value(value);
        match table.get_mut(key) {
            Some(Item::Value(old)) => {
                *new.decor_mut() = old.decor().clone();
                *old = new;
            }
            Some(_) => return None,
            None => {
                // The space before the closing brace stays there.
                if let (Form::Inline, Some((_, Item::Value(last)))) = (form, table.iter_mut().last()) {
                    let suffix = last.decor().suffix().cloned().unwrap_or_default();
                    last.decor_mut().set_suffix("");
                    new.decor_mut().set_prefix(" ");
                    new.decor_mut().set_suffix(suffix);
                }
                table.insert(key, Item::Value(new));
            }
        }
        return Some(());
    }
    if table.get(key).is_none() {
        let mut new = Table::new();
        new.set_dotted(matches!(form, Form::Dotted));
        let new = match form {
            Form::Inline => Item::Value(Value::InlineTable(InlineTable::new())),
            Form::Header | Form::Dotted => Item::Table(new),
        };
        table.insert(key, new);
    }
    let inner = table.get_mut(key)?;
    let form = match inner {
        Item::Value(_) => Form::Inline,
        Item::Table(table) if table.is_dotted() => Form::Dotted,
        _ => Form::Header,
    };
    set(inner.as_table_like_mut()?, rest, value, form)
}

fn toml_value(value: &SweepValue) -> Value {
    match value {
        SweepValue::Flag(flag) => (*flag).into(),
        SweepValue::Integer(value) => (*value).into(),
        SweepValue::Number(value) => (*value).into(),
        SweepValue::Text(text) => text.as_str().into(),
        SweepValue::List(values) => Value::Array(values.iter().map(toml_value).collect::<Array>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_spec::CellSpec;

    fn values(pairs: &[(&str, SweepValue)]) -> Values {
        let pairs = pairs.iter().cloned();
        pairs.map(|(path, value)| (path.to_owned(), value)).collect()
    }

    fn set(body: &str, pairs: &[(&str, SweepValue)]) -> Result<String, Problem> {
        let document = Document::parse(format!(
            "# T\n\n```toml source t\npath = \"a\"\n```\n\n```toml train m\n{body}\n```\n\nend\n"
        ));
        let document = Document::parse(document.set_values("m", &values(pairs))?);
        assert!(
            matches!(document.spec("m", "n".as_ref()), Ok(CellSpec::Train(_))),
            "{}",
            document.text()
        );
        assert!(document.text().ends_with("\n```\n\nend\n"));
        Ok(document.cell("m").unwrap().body(&document).to_owned())
    }

    #[test]
    fn values_are_put_where_keys_are_written_and_added_where_they_are_not() {
        let rate = ("optimizer.learning_rate", SweepValue::Number(0.003));
        let hidden = SweepValue::List(vec![SweepValue::Integer(64), SweepValue::Integer(8)]);
        assert_eq!(
            set(
                "data = \"t\" # rows\ntarget = \"y\"\n\n[optimizer] # how\nlearning_rate = 1e-2 # fast\nkind = \"adamw\"",
                std::slice::from_ref(&rate)
            )
            .unwrap(),
            "data = \"t\" # rows\ntarget = \"y\"\n\n[optimizer] # how\nlearning_rate = 0.003 # fast\nkind = \"adamw\""
        );
        assert_eq!(
            set(
                "data = \"t\"\ntarget = \"y\"\nmodel = { kind = \"mlp\" }",
                &[rate.clone(), ("model.hidden", hidden)]
            )
            .unwrap(),
            "data = \"t\"\ntarget = \"y\"\nmodel = { kind = \"mlp\", hidden = [64, 8] }\n\n[optimizer]\nlearning_rate = 0.003"
        );
        let trees = [
            ("model.kind", SweepValue::Text("trees".into())),
            ("model.trees.leaves", SweepValue::Integer(15)),
        ];
        for body in ["model.dropout = 0.2", "model = { dropout = 0.2 }", "[model]", ""] {
            let text = set(&format!("data = \"t\"\ntarget = \"y\"\n{body}"), &trees).unwrap();
            assert!(text.contains("trees") && text.contains("leaves = 15"), "{text}");
        }
    }

    #[test]
    fn what_a_train_cell_refuses_is_an_error() {
        let body = "data = \"t\"\ntarget = \"y\"";
        let problem = set(body, &[("model.dropout", SweepValue::Number(1.5))]).unwrap_err();
        assert_eq!(problem.message, "dropout is at least 0 and less than 1");
        let problem = set(body, &[("target.name", SweepValue::Flag(true))]).unwrap_err();
        assert_eq!(problem.code, Code::BadValue);
        assert_eq!(
            set("data = ", &[]).unwrap_err().code,
            Code::Syntax,
            "a cell that isn't TOML is left alone"
        );
        let document = Document::parse("```toml source m\npath = \"a\"\n```\n");
        let problem = document.set_values("m", &Values::new()).unwrap_err();
        assert_eq!(problem.code, Code::UnknownName);
    }
}
