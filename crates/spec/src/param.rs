//! `param` cells: a value that queries read as `$name`, and that a widget in the window or the command line sets.

use serde::{Deserialize, Deserializer, Serialize, de};
use std::fmt;

/// What a parameter's value can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParamKind {
    /// A number, whole or real; `min`, `max` and `step` bound it.
    Number,
    /// One of `choices`.
    Choice,
    /// A calendar day as `"2013-06-30"`; `min` and `max` bound it.
    Date,
    /// Any text.
    Text,
}

impl ParamKind {
    /// The word in the cell.
    pub fn word(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Choice => "choice",
            Self::Date => "date",
            Self::Text => "text",
        }
    }
}

/// The body of a `toml param` cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParamSpec {
    /// What its value can be.
    pub kind: ParamKind,
    /// Its value.
    pub value: ParamValue,
    /// The least value of a number or a date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<ParamValue>,
    /// The greatest value of a number or a date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<ParamValue>,
    /// How far apart the values of a number are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
    /// What a choice is between.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<ParamValue>,
}

/// A value of a parameter. In a query it is a literal of its type, never a piece of the text.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ParamValue {
    /// A whole number.
    Integer(i64),
    /// A real number.
    Float(f64),
    /// A text, or a date as `2013-06-30`.
    Text(String),
}

impl ParamValue {
    /// The value as a number, where it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            Self::Text(_) => None,
        }
    }

    /// The value as a text, where it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// By hand, so that an error says what is expected.
impl<'de> Deserialize<'de> for ParamValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = ParamValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a text in quotes")
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<ParamValue, E> {
                Ok(ParamValue::Integer(value))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<ParamValue, E> {
                i64::try_from(value)
                    .map(ParamValue::Integer)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(value), &self))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<ParamValue, E> {
                Ok(ParamValue::Float(value))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<ParamValue, E> {
                Ok(ParamValue::Text(value.to_owned()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
