//! Files that a column names, such as the pictures of a folder.

use crate::error::{DataError, Result};
use aloft_spec::Problem;
use polars::prelude::*;
use rayon::prelude::*;
use std::{
    fs,
    path::{Component, Path},
};

/// The bytes of the files that a column of paths names below a folder; none where there is no path.
///
/// # Errors
/// `BadValue` where a path leaves the folder (a table must not say which other files of this machine are read), and those
/// of reading.
pub fn read_files(paths: &Column, root: &Path) -> std::result::Result<Column, Problem> {
    Ok(read(paths, root)?)
}

fn read(paths: &Column, root: &Path) -> Result<Column> {
    let texts: Vec<Option<&str>> = paths.str()?.iter().collect();
    let bytes: Vec<Option<Vec<u8>>> = texts
        .par_iter()
        .map(|path| path.map(|path| one(root, path)).transpose())
        .collect::<Result<_>>()?;
    let bytes: BinaryChunked = bytes.iter().map(Option::as_deref).collect();
    Ok(bytes.with_name(paths.name().clone()).into_column())
}

/// The bytes of a file below a folder.
pub(crate) fn one(root: &Path, path: &str) -> Result<Vec<u8>> {
    let below = Path::new(path)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if !below {
        return Err(DataError::BadValue {
            what: format!("the path `{path}` leads out of `{}`", root.display()),
            hint: "name files below the folder, with paths that begin there".into(),
        });
    }
    let file = root.join(path);
    fs::read(&file).map_err(|error| DataError::reading(&file, &error))
}

/// The same as an expression that is evaluated with its table.
pub(crate) fn bytes_of(column: &str, root: &Path) -> Expr {
    let root = root.to_path_buf();
    let read =
        move |paths: Column| self::read(&paths, &root).map_err(|error| polars_err!(ComputeError: "{error}"));
    let binary = |_: &Schema, field: &polars::prelude::Field| {
        Ok(polars::prelude::Field::new(field.name.clone(), DataType::Binary))
    };
    col(column).map(read, binary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_spec::Code;

    #[test]
    fn files_are_read_below_the_folder_alone() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("pictures");
        fs::create_dir_all(root.join("cats")).unwrap();
        fs::write(root.join("cats/a.png"), b"cat").unwrap();
        fs::write(folder.path().join("secret"), b"secret").unwrap();
        let column = |paths: &[Option<&str>]| Column::new("path".into(), paths);
        let bytes = read_files(&column(&[Some("cats/a.png"), None]), &root).unwrap();
        assert_eq!(
            bytes.binary().unwrap().iter().collect::<Vec<_>>(),
            [Some(&b"cat"[..]), None]
        );
        let secret = folder.path().join("secret");
        for path in ["../secret", secret.to_str().unwrap(), "cats/../../secret"] {
            let problem = read_files(&column(&[Some(path)]), &root).unwrap_err();
            assert_eq!(problem.code, Code::BadValue, "{path}");
        }
        assert_eq!(
            read_files(&column(&[Some("dog.png")]), &root).unwrap_err().code,
            Code::NotFound
        );
    }
}
