//! JSON files: an array of objects, or an object that holds one under some key.
//!
//! The objects are written out one a line, and polars reads that lazily. The file is read twice and never lies in memory
//! as a whole.

use super::{Opened, access::Access, columnar, encoding::Text, jsonl};
use crate::{
    Cancel,
    error::{DataError, Result},
    fingerprint,
    near::suggestion,
};
use aloft_spec::{
    reading::Reading,
    source::{Format, SourceSpec},
};
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::{
    fmt,
    io::{BufReader, Read, Write},
    path::Path,
};

/// What is read at once.
const CHUNK: usize = 1 << 18;

/// Opens a JSON file. `spec.table` is the key of the records, where an object holds several arrays.
pub(crate) fn open(spec: &SourceSpec, file: &Path, access: &Access, cancel: &Cancel) -> Result<Opened> {
    let text = Text::open(file, spec.encoding.as_deref(), access, cancel)?;
    let shape = shape(file, text.content.reader()?)?;
    let (key, rows) = chosen(file, &shape, spec.table.as_deref())?;
    if rows == 0 {
        return Err(DataError::Empty {
            file: file.to_owned(),
            what: "the file has no objects",
        });
    }
    let parts = [
        "objects of",
        key.as_deref().unwrap_or_default(),
        &fingerprint::of_file(file)?,
    ];
    let lines = access.copy(&parts, "jsonl", |out| {
        let failed = |error| DataError::decompressing(file, &error);
        let mut objects = Objects::of(key.as_deref());
        let mut reader = text.content.reader()?;
        let mut bytes = vec![0; CHUNK];
        loop {
            cancel.step()?;
            let read = reader.read(&mut bytes).map_err(failed)?;
            if read == 0 {
                return out.flush().map_err(failed);
            }
            objects.write(&bytes[..read], out).map_err(failed)?;
        }
    })?;
    let size = columnar::size(file)?;
    let mut reading = Reading::new(Format::Json, 1, size);
    reading.bytes_read = Some(size);
    reading.encoding = Some(text.reading());
    reading.other_tables = shape
        .arrays
        .iter()
        // An array that is the file itself has no key.
        .filter(|array| array.all_objects && !array.key.is_empty() && key.as_deref() != Some(&*array.key))
        .map(|array| array.key.clone())
        .collect();
    reading.table = key;
    Ok(Opened {
        plan: jsonl::plan(&lines, size)?,
        rows,
        reading,
        layout: None,
        row_groups: None,
    })
}

/// Which array holds the records: its key, `None` for that of the file itself, and how many they are.
fn chosen(file: &Path, shape: &Shape, table: Option<&str>) -> Result<(Option<String>, u64)> {
    let hint = "a table is an array of objects, as in [{\"a\": 1}], or an object that holds one";
    if shape.is_array {
        let records = shape.arrays.first().filter(|array| array.all_objects);
        return match records {
            Some(records) => Ok((None, records.length)),
            None => Err(DataError::unreadable(
                file,
                "the array holds something else than objects",
                hint,
            )),
        };
    }
    let tables: Vec<&Records> = shape
        .arrays
        .iter()
        .filter(|array| array.all_objects && array.length > 0)
        .collect();
    let names = || tables.iter().map(|array| array.key.as_str());
    let chosen = match (table, tables.as_slice()) {
        (Some(table), _) => tables
            .iter()
            .find(|array| array.key == table)
            .copied()
            .ok_or_else(|| DataError::UnknownPart {
                file: file.to_owned(),
                what: format!("the file has no array of objects under the key `{table}`"),
                hint: suggestion(table, "keys", names()),
            })?,
        (None, [one]) => one,
        (None, []) => {
            return Err(DataError::unreadable(
                file,
                "the file has no array of objects",
                hint,
            ));
        }
        (None, _) => {
            return Err(DataError::UnknownPart {
                file: file.to_owned(),
                what: "the file has several arrays of objects".into(),
                hint: format!(
                    "set `table` to one of their keys: {}",
                    names().collect::<Vec<_>>().join(", ")
                ),
            });
        }
    };
    Ok((Some(chosen.key.clone()), chosen.length))
}

/// What is at the top of a file.
#[derive(Default)]
struct Shape {
    is_array: bool,
    arrays: Vec<Records>,
}

/// An array there.
struct Records {
    key: String,
    length: u64,
    all_objects: bool,
}

fn shape(file: &Path, reader: Box<dyn Read>) -> Result<Shape> {
    let mut deserializer = serde_json::Deserializer::from_reader(BufReader::with_capacity(CHUNK, reader));
    let shape = deserializer.deserialize_any(Top).and_then(|shape| {
        deserializer.end()?;
        Ok(shape)
    });
    shape.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let what = text.split(" at line ").next().unwrap_or(&text);
        let hint = if error.is_eof() {
            "the file is cut off: copy or download it again".into()
        } else {
            format!("look at column {column} of that line; one object a line is `format = \"jsonl\"`")
        };
        DataError::unreadable_at(file, line.max(1), format!("this isn't valid JSON: {what}"), hint)
    })
}

struct Top;

impl<'de> Visitor<'de> for Top {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array or an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> std::result::Result<Shape, A::Error> {
        let (length, all_objects) = count(array)?;
        let records = Records {
            key: String::new(),
            length,
            all_objects,
        };
        Ok(Shape {
            is_array: true,
            arrays: vec![records],
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> std::result::Result<Shape, A::Error> {
        let mut shape = Shape::default();
        while let Some((key, value)) = object.next_entry::<String, Value>()? {
            if let Value::Array(length, all_objects) = value {
                shape.arrays.push(Records {
                    key,
                    length,
                    all_objects,
                });
            }
        }
        Ok(shape)
    }
}

fn count<'de, A: SeqAccess<'de>>(mut array: A) -> std::result::Result<(u64, bool), A::Error> {
    let (mut length, mut all_objects) = (0, true);
    while let Some(value) = array.next_element::<Value>()? {
        length += 1;
        all_objects &= matches!(value, Value::Object);
    }
    Ok((length, all_objects))
}

/// What kind of value it is.
enum Value {
    Object,
    /// Its length, and whether it holds objects alone.
    Array(u64, bool),
    Other,
}

impl<'de> serde::Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> std::result::Result<Value, A::Error> {
        count(array).map(|(length, all_objects)| Value::Array(length, all_objects))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> std::result::Result<Value, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Object)
    }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_u64<E>(self, _: u64) -> std::result::Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_str<E>(self, _: &str) -> std::result::Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Other)
    }
}

/// Finds the objects of one array in valid JSON that comes in pieces, and writes each on a line.
struct Objects<'a> {
    /// The key of the array; `None` is the array at the top.
    key: Option<&'a str>,
    /// How many brackets are open.
    depth: usize,
    in_text: bool,
    after_backslash: bool,
    /// The text at depth 1 that was read last, quotes included: a key, once a colon follows.
    last_text: Vec<u8>,
    /// Whether the next value at depth 1 is that of the key.
    is_next: bool,
    /// Whether the array is open.
    inside: bool,
}

impl<'a> Objects<'a> {
    fn of(key: Option<&'a str>) -> Self {
        Self {
            key,
            depth: 0,
            in_text: false,
            after_backslash: false,
            last_text: Vec::new(),
            is_next: key.is_none(),
            inside: false,
        }
    }

    /// The depth of what stands in the array.
    fn level(&self) -> usize {
        if self.key.is_some() { 2 } else { 1 }
    }

    fn write(&mut self, bytes: &[u8], out: &mut dyn Write) -> std::io::Result<()> {
        let mut line = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            self.step(byte, &mut line);
        }
        out.write_all(&line)
    }

    fn step(&mut self, byte: u8, line: &mut Vec<u8>) {
        let written = self.inside && self.depth > self.level();
        if self.in_text {
            if written {
                line.push(byte);
            } else if self.depth == 1 {
                self.last_text.push(byte);
            }
            match byte {
                _ if self.after_backslash => self.after_backslash = false,
                b'\\' => self.after_backslash = true,
                b'"' => self.in_text = false,
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => {
                self.in_text = true;
                self.last_text.clear();
                self.last_text.push(byte);
                if written {
                    line.push(byte);
                }
            }
            b'{' | b'[' => {
                if self.is_next && byte == b'[' && self.depth + 1 == self.level() {
                    self.inside = true;
                    self.is_next = false;
                }
                self.depth += 1;
                if self.inside && self.depth > self.level() {
                    line.push(byte);
                }
            }
            b'}' | b']' => {
                if written {
                    line.push(byte);
                }
                self.depth = self.depth.saturating_sub(1);
                if self.inside && self.depth == self.level() {
                    line.push(b'\n');
                } else if self.inside && self.depth < self.level() {
                    self.inside = false;
                }
            }
            b':' if self.depth == 1 && !self.inside => {
                let key: Option<String> = serde_json::from_slice(&self.last_text).ok();
                self.is_next = self.key.is_some() && key.as_deref() == self.key;
            }
            b'\n' | b'\r' => {}
            _ if written => line.push(byte),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &str, key: Option<&str>, piece: usize) -> String {
        let mut objects = Objects::of(key);
        let mut out = Vec::new();
        for piece in text.as_bytes().chunks(piece) {
            objects.write(piece, &mut out).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn objects_are_found_however_the_text_is_cut() {
        let text = r#"{ "n": {"rows": [{"x": 0}]}, "rows": [ {"a": "]}\"", "b": [1, {"c": 2}]},
            {"a": null} ], "more": [{"z": 1}] }"#;
        for piece in 1..20 {
            assert_eq!(
                lines(text, Some("rows"), piece),
                "{\"a\": \"]}\\\"\", \"b\": [1, {\"c\": 2}]}\n{\"a\": null}\n"
            );
            assert_eq!(lines(text, Some("more"), piece), "{\"z\": 1}\n");
            assert_eq!(lines("[{\"a\":\n1},{}]", None, piece), "{\"a\":1}\n{}\n");
        }
    }

    proptest! {
        #[test]
        fn what_comes_out_is_what_was_put_in(
            values in proptest::collection::vec(("[a-z\"\\\\{}\\[\\]:, ]{0,8}", any::<i32>()), 0..8),
            piece in 1_usize..9,
        ) {
            let objects: Vec<serde_json::Value> = values
                .iter()
                .map(|(text, number)| serde_json::json!({"t": text, "n": [number, {"i": number}]}))
                .collect();
            let document = serde_json::json!({"meta": {"rows": 3}, "rows": objects, "end": []});
            let text = serde_json::to_string_pretty(&document).unwrap();
            let back: Vec<serde_json::Value> = lines(&text, Some("rows"), piece)
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            prop_assert_eq!(back, objects);
        }
    }
}
