//! The class of a source's data, changed where it is written.

use crate::document::{Block, Document};
use crate::toml_reader;
use aloft_spec::source::SourceSpec;
use aloft_spec::{CellKind, Code, DataClass, Problem};

impl Document {
    /// The text with another class in a `source` cell; all else in the cell stays as it is written.
    ///
    /// # Errors
    /// There is no such cell, or its text has errors.
    pub fn set_class(&self, name: &str, class: DataClass) -> Result<String, Problem> {
        let place = self.blocks().iter().position(
            |block| matches!(block, Block::Cell(cell) if cell.name == name && cell.kind == CellKind::Source),
        );
        let Some((index, body)) = place.and_then(|index| Some((index, self.block_text(index)?))) else {
            return Err(
                Problem::new(Code::UnknownName, format!("there is no source `{name}`"))
                    .with_hint("a class belongs to a source cell"),
            );
        };
        let reading = toml_reader::read::<SourceSpec>(body, |_| &[]);
        if reading.value.is_none() {
            return Err(
                Problem::new(Code::BadValue, format!("the cell of `{name}` has mistakes"))
                    .with_hint("mend its text first"),
            );
        }
        let mut text = body.to_owned();
        match (reading.span(&["class"]), reading.span(&["path"])) {
            (Some(span), _) => text.replace_range(span, &format!("\"{class}\"")),
            // Below the path, which every source has: at the top, before any table.
            (None, Some(path)) => {
                let end = text[path.end..].find('\n').map_or(text.len(), |at| path.end + at);
                text.insert_str(end, &format!("\nclass = \"{class}\""));
            }
            (None, None) => text.insert_str(0, &format!("class = \"{class}\"\n")),
        }
        Ok(self.replace_block(index, &text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(body: &str) -> String {
        let document = Document::parse(format!("# T\n\n```toml source s\n{body}\n```\n"));
        let text = document.set_class("s", DataClass::Confidential).unwrap();
        let document = Document::parse(text);
        document.block_text(1).unwrap_or_default().to_owned()
    }

    #[test]
    fn a_class_is_changed_or_added_and_nothing_else() {
        assert_eq!(
            set("class = 'public' # all of it\npath = \"a.csv\""),
            "class = \"confidential\" # all of it\npath = \"a.csv\""
        );
        assert_eq!(
            set("path = \"a.csv\" # here\n[sample]\nrows = 5"),
            "path = \"a.csv\" # here\nclass = \"confidential\"\n[sample]\nrows = 5"
        );
        let document = Document::parse("```toml source s\npath = 3\n```\n");
        let problem = document.set_class("s", DataClass::Public).unwrap_err();
        assert_eq!(problem.code, Code::BadValue);
        assert_eq!(
            document.set_class("t", DataClass::Public).unwrap_err().code,
            Code::UnknownName
        );
    }
}
