//! What serde knows of a type before there is a value: its keys, and what each of them takes. Editors and hints read it
//! from the types themselves, so that neither has a list of its own that could become wrong.

use crate::{
    CellKind,
    chart::ChartSpec,
    param::ParamSpec,
    source::SourceSpec,
    sweep::{DimensionSpec, SweepSpec},
    train::TrainSpec,
};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor,
    value::Error,
};
use std::cell::Cell;

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A table with these keys.
    Keys(&'static [&'static str]),
    /// One of these words.
    Words(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A number.
    Number,
    /// A text.
    Text,
    /// More than one of these, or nothing that can be told.
    Any,
}

/// What a key takes, and whether it takes several in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// What, or each of them.
    pub shape: Shape,
    /// Whether it takes a list.
    pub list: bool,
}

/// What the value at a path of keys of a type is; `[]` is the type itself. `None` where there is no such key.
pub fn of<T: for<'de> Deserialize<'de>>(path: &[&str]) -> Option<Taken> {
    let found = Cell::new(None);
    // It always fails, once it has been told what there is.
    let _ = T::deserialize(Probe {
        path,
        list: false,
        found: &found,
    });
    found.get()
}

/// The same in the body of a kind of cell; `None` for bodies that aren't TOML.
pub fn of_cell(kind: &CellKind, path: &[&str]) -> Option<Taken> {
    match kind {
        CellKind::Source => of::<SourceSpec>(path),
        CellKind::Chart => of::<ChartSpec>(path),
        CellKind::Train => of::<TrainSpec>(path),
        CellKind::Param => of::<ParamSpec>(path),
        CellKind::Sweep => match path {
            ["space", rest @ ..] => of_space(rest),
            _ => of::<SweepSpec>(path),
        },
        _ => None,
    }
}

/// The same in the space of a sweep, whose keys are paths of a train cell's keys and have keys of their own: behind
/// `model.dropout` comes `uniform`.
fn of_space(path: &[&str]) -> Option<Taken> {
    (1..=path.len()).find_map(|length| {
        let (key, rest) = path.split_at(length);
        let is_table = |taken: Taken| matches!(taken.shape, Shape::Keys(_));
        of::<TrainSpec>(key).filter(|taken| !is_table(*taken))?;
        of::<DimensionSpec>(rest)
    })
}

impl Taken {
    /// The keys, where it is a table.
    pub fn keys(self) -> &'static [&'static str] {
        match self.shape {
            Shape::Keys(keys) => keys,
            _ => &[],
        }
    }
}

/// A deserializer without a value: it follows a path through the fields that types ask for, notes what is asked for at
/// its end, and fails.
struct Probe<'a> {
    path: &'a [&'a str],
    list: bool,
    found: &'a Cell<Option<Taken>>,
}

impl Probe<'_> {
    fn note<T>(&self, shape: Shape) -> Result<T, Error> {
        if self.path.is_empty() {
            let list = self.list;
            self.found.set(Some(Taken { shape, list }));
        }
        Err(Error::custom("no value"))
    }
}

macro_rules! noted {
    ($shape:expr => $($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
            self.note($shape)
        }
    )*};
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Error;

    noted!(Shape::Flag => deserialize_bool);
    noted!(Shape::Number => deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64);
    noted!(Shape::Text => deserialize_char deserialize_str deserialize_string);
    noted!(Shape::Any => deserialize_any deserialize_bytes deserialize_byte_buf deserialize_unit deserialize_map
        deserialize_identifier deserialize_ignored_any);

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Item(Some(Probe { list: true, ..self })))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let Some((key, path)) = self.path.split_first() else {
            return self.note(Shape::Keys(fields));
        };
        match fields.iter().find(|field| *field == key) {
            Some(field) => visitor.visit_map(Entry {
                field: Some(field),
                probe: Some(Probe { path, ..self }),
            }),
            None => Err(Error::custom("no such key")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        self.note(Shape::Words(variants))
    }

    serde::forward_to_deserialize_any! { i128 u128 unit_struct tuple_struct }
}

/// A list of one item.
struct Item<'a>(Option<Probe<'a>>);

impl<'de> SeqAccess<'de> for Item<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.0.take().map(|probe| seed.deserialize(probe)).transpose()
    }
}

/// A table of one key.
struct Entry<'a> {
    field: Option<&'static str>,
    probe: Option<Probe<'a>>,
}

impl<'de> MapAccess<'de> for Entry<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let field = self.field.take();
        field
            .map(|field| seed.deserialize(IntoDeserializer::<Error>::into_deserializer(field)))
            .transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        match self.probe.take() {
            Some(probe) => seed.deserialize(probe),
            None => Err(Error::custom("no value")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_take_what_their_types_take() {
        let chart = |path: &[&str]| of_cell(&CellKind::Chart, path);
        let taken = |shape, list| Some(Taken { shape, list });
        assert!(chart(&[]).unwrap().keys().starts_with(&["data", "mark", "x"]));
        let words = chart(&["mark"]).unwrap().shape;
        assert!(matches!(words, Shape::Words(words) if words.contains(&"histogram") && words.len() == 12));
        assert_eq!(chart(&["x"]), taken(Shape::Text, false), "it may be absent");
        assert_eq!(chart(&["columns"]), taken(Shape::Text, true));
        assert_eq!(chart(&["bins"]), taken(Shape::Number, false));
        assert_eq!(chart(&["log_x"]), taken(Shape::Flag, false));
        assert_eq!(chart(&["colour"]), None);
        assert_eq!(chart(&["x", "y"]), None, "a text has no keys");
        let source = |path: &[&str]| of_cell(&CellKind::Source, path);
        assert_eq!(
            source(&["sample"]).unwrap().keys(),
            ["rows", "seed", "method", "by"]
        );
        assert!(
            matches!(source(&["sample", "method"]).unwrap().shape, Shape::Words(words) if words.contains(&"head"))
        );
        assert_eq!(
            source(&["sample", "by"]),
            taken(Shape::Any, false),
            "a name, or several"
        );
        let sweep = |path: &[&str]| of_cell(&CellKind::Sweep, path);
        assert!(sweep(&[]).unwrap().keys().contains(&"space"));
        let ranges = sweep(&["space", "model", "trees", "leaves"]).unwrap().keys();
        assert!(ranges.starts_with(&["choice", "uniform"]));
        assert_eq!(
            sweep(&["space", "epochs", "int_uniform"]),
            taken(Shape::Number, true)
        );
        assert_eq!(sweep(&["space", "model", "leafs"]), None);
        assert_eq!(of_cell(&CellKind::Query, &[]), None);
        assert_eq!(of::<String>(&[]), taken(Shape::Text, false));
    }
}
