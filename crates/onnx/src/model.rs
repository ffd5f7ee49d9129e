//! A model in the making: inputs, constants, nodes, outputs.

use crate::proto::{
    AttributeKind, AttributeProto, DimensionProto, DimensionValue, ElementType, GraphProto, ModelProto,
    NodeProto, OperatorSetIdProto, StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto,
    TypeProto, ValueInfoProto,
};
use prost::Message;
use std::collections::HashSet;

/// Version of the format.
const IR_VERSION: i64 = 9;
/// Version of the standard's operators.
const OPERATORS: i64 = 18;
/// Version of the operators of [`Model::LEARNING`].
const LEARNING_OPERATORS: i64 = 3;
/// The first dimension of whatever belongs to rows.
const ROWS: &str = "rows";

/// A value of the graph: its name, and the shape of a row of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its shape without the first dimension, the rows.
    pub shape: Vec<usize>,
}

/// One dimension of an input or output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// As many as there are rows.
    Rows,
    /// Always so many.
    Size(usize),
}

/// What an operator is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute<'a> {
    /// A number.
    Float(f32),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(&'a str),
    /// Whole numbers.
    Ints(&'a [i64]),
    /// Texts.
    Texts(&'a [String]),
}

/// A model that is being written.
#[derive(Debug)]
pub struct Model {
    graph: GraphProto,
    names: HashSet<String>,
    facts: Vec<StringStringEntryProto>,
}

impl Model {
    /// The set of operators for classical machine learning, such as `LabelEncoder`.
    pub const LEARNING: &'static str = "ai.onnx.ml";

    /// An empty one.
    pub fn new(name: &str) -> Self {
        Self {
            graph: GraphProto {
                name: name.to_owned(),
                ..GraphProto::default()
            },
            names: HashSet::new(),
            facts: Vec::new(),
        }
    }

    /// Adds a fact about the model, for who reads the file.
    pub fn fact(&mut self, key: &str, value: impl Into<String>) {
        self.facts.push(StringStringEntryProto {
            key: key.to_owned(),
            value: value.into(),
        });
    }

    /// A name that nothing has yet: `stem`, or `stem` and a number.
    fn unused(&mut self, stem: &str) -> String {
        let mut name = stem.to_owned();
        let mut number = 1;
        while !self.names.insert(name.clone()) {
            number += 1;
            name = format!("{stem}_{number}");
        }
        name
    }

    /// An input, [rows, width], under exactly this name: inputs come before all else. `about` is for people.
    pub fn input(&mut self, name: &str, kind: ElementType, width: usize, about: &str) -> Tensor {
        self.names.insert(name.to_owned());
        let shape = [Dimension::Rows, Dimension::Size(width)];
        self.graph.input.push(declared(name, kind, &shape, about));
        Tensor {
            name: name.to_owned(),
            shape: vec![width],
        }
    }

    /// Makes a value an output, under this name where nothing else has it. The name that it got.
    pub fn output(
        &mut self,
        name: &str,
        value: &str,
        kind: ElementType,
        shape: &[Dimension],
        about: &str,
    ) -> String {
        let name = self.unused(name);
        self.graph.node.push(NodeProto {
            input: vec![value.to_owned()],
            output: vec![name.clone()],
            name: name.clone(),
            op_type: "Identity".into(),
            ..NodeProto::default()
        });
        self.graph.output.push(declared(&name, kind, shape, about));
        name
    }

    /// Appends a node of the standard's operators; the name of its result.
    pub fn apply(&mut self, op: &str, inputs: &[&str], attributes: &[(&str, Attribute<'_>)]) -> String {
        self.apply_of("", op, inputs, attributes)
    }

    /// The same of another set of operators.
    pub fn apply_of(
        &mut self,
        domain: &str,
        op: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute<'_>)],
    ) -> String {
        let out = self.unused(&format!("/{}", op.to_lowercase()));
        self.node(domain, op, inputs, attributes, vec![out.clone()]);
        out
    }

    /// The smallest `count` numbers of each row, rising; `x` is [rows, at least `count`].
    pub fn smallest(&mut self, x: &str, count: usize) -> String {
        let values = self.unused("/topk");
        let places = self.unused("/topk/places");
        let count = self.ints("count", &[1], &[count as i64]);
        let attributes = [
            ("axis", Attribute::Int(1)),
            ("largest", Attribute::Int(0)),
            ("sorted", Attribute::Int(1)),
        ];
        self.node(
            "",
            "TopK",
            &[x, &count],
            &attributes,
            vec![values.clone(), places],
        );
        values
    }

    /// Appends a node, named as its first result.
    fn node(
        &mut self,
        domain: &str,
        op: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute<'_>)],
        output: Vec<String>,
    ) {
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(ToString::to_string).collect(),
            name: output[0].clone(),
            output,
            op_type: op.to_owned(),
            attribute: attributes
                .iter()
                .map(|(name, value)| attribute(name, value))
                .collect(),
            domain: domain.to_owned(),
        });
    }

    /// A constant of 32-bit numbers; its name.
    pub fn floats(&mut self, name: &str, shape: &[usize], numbers: &[f32]) -> String {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.constant(name, ElementType::Float, shape, bytes)
    }

    /// A constant of 64-bit numbers.
    pub fn doubles(&mut self, name: &str, shape: &[usize], numbers: &[f64]) -> String {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.constant(name, ElementType::Double, shape, bytes)
    }

    /// A constant of whole numbers.
    pub fn ints(&mut self, name: &str, shape: &[usize], numbers: &[i64]) -> String {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.constant(name, ElementType::Int64, shape, bytes)
    }

    /// A constant of truth values.
    pub fn bools(&mut self, name: &str, shape: &[usize], values: &[bool]) -> String {
        let bytes = values.iter().map(|value| u8::from(*value)).collect();
        self.constant(name, ElementType::Bool, shape, bytes)
    }

    /// A constant of texts.
    pub fn texts(&mut self, name: &str, shape: &[usize], texts: &[String]) -> String {
        let name = self.unused(&format!("/{name}"));
        self.graph.initializer.push(TensorProto {
            dims: signed(shape),
            data_type: ElementType::String.into(),
            string_data: texts.iter().map(|text| text.as_bytes().to_vec()).collect(),
            name: name.clone(),
            raw_data: None,
        });
        name
    }

    fn constant(&mut self, name: &str, kind: ElementType, shape: &[usize], bytes: Vec<u8>) -> String {
        let name = self.unused(&format!("/{name}"));
        self.graph.initializer.push(TensorProto {
            dims: signed(shape),
            data_type: kind.into(),
            string_data: Vec::new(),
            name: name.clone(),
            raw_data: Some(bytes),
        });
        name
    }

    /// The same numbers in rows of another shape; nothing where it is that shape already.
    pub fn reshape(&mut self, value: &Tensor, shape: &[usize]) -> Tensor {
        if value.shape == shape {
            return value.clone();
        }
        // 0 keeps the dimension, whatever the number of rows.
        let dimensions = [&[0], &signed(shape)[..]].concat();
        let dimensions = self.ints("shape", &[dimensions.len()], &dimensions);
        Tensor {
            name: self.apply("Reshape", &[&value.name, &dimensions], &[]),
            shape: shape.to_vec(),
        }
    }

    /// The file's bytes.
    pub fn encode(self, producer_version: &str, about: &str) -> Vec<u8> {
        let operators = |domain: &str, version| OperatorSetIdProto {
            domain: domain.to_owned(),
            version,
        };
        ModelProto {
            ir_version: IR_VERSION,
            opset_import: vec![
                operators("", OPERATORS),
                operators(Self::LEARNING, LEARNING_OPERATORS),
            ],
            producer_name: "aloft".into(),
            producer_version: producer_version.to_owned(),
            doc_string: about.to_owned(),
            graph: Some(self.graph),
            metadata_props: self.facts,
        }
        .encode_to_vec()
    }
}

fn signed(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|size| *size as i64).collect()
}

fn declared(name: &str, kind: ElementType, shape: &[Dimension], about: &str) -> ValueInfoProto {
    let dimension = |dimension: &Dimension| DimensionProto {
        value: Some(match dimension {
            Dimension::Rows => DimensionValue::Name(ROWS.into()),
            Dimension::Size(size) => DimensionValue::Size(*size as i64),
        }),
    };
    let shape = TensorShapeProto {
        dim: shape.iter().map(dimension).collect(),
    };
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto {
            tensor_type: Some(TensorTypeProto {
                elem_type: kind.into(),
                shape: Some(shape),
            }),
        }),
        doc_string: about.to_owned(),
    }
}

fn attribute(name: &str, value: &Attribute<'_>) -> AttributeProto {
    let mut proto = AttributeProto {
        name: name.to_owned(),
        ..AttributeProto::default()
    };
    let kind = match value {
        Attribute::Float(number) => {
            proto.f = *number;
            AttributeKind::Float
        }
        Attribute::Int(number) => {
            proto.i = *number;
            AttributeKind::Int
        }
        Attribute::Text(text) => {
            proto.s = text.as_bytes().to_vec();
            AttributeKind::String
        }
        Attribute::Ints(numbers) => {
            proto.ints = numbers.to_vec();
            AttributeKind::Ints
        }
        Attribute::Texts(texts) => {
            proto.strings = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
            AttributeKind::Strings
        }
    };
    proto.set_kind(kind);
    proto
}
