//! What looks whole numbers up: categories of tables, tokens of texts.

use super::{Call, Export, Indices};
use crate::{Attribute, Model, OnnxError, Tensor};
use aloft_nn::ops::{Embed, Slot, Tokens};

/// Indices of which those from `count` on are 0.
fn within(model: &mut Model, indices: &str, count: usize) -> String {
    let [count, zero] =
        [("count", count as i64), ("zero", 0)].map(|(name, value)| model.ints(name, &[], &[value]));
    let known = model.apply("Less", &[indices, &count], &[]);
    model.apply("Where", &[&known, indices, &zero], &[])
}

impl Export for Embed {
    fn export(&self, model: &mut Model, call: &Call<'_>) -> Result<Tensor, OnnxError> {
        let Indices { name, known } = call.indices()?;
        let mut parts = Vec::new();
        // A tensor without columns is more than some programs take.
        if self.numbers > 0 {
            parts.push(call.x().name.clone());
        }
        for (column, slot) in self.slots.iter().enumerate() {
            let at = model.ints("column", &[], &[column as i64]);
            let column = model.apply("Gather", &[name, &at], &[("axis", Attribute::Int(1))]);
            let column = match known {
                true => column,
                false => within(model, &column, slot.values()),
            };
            parts.push(match *slot {
                Slot::Embedding {
                    values,
                    dimension,
                    offset,
                } => {
                    let table = call.parameters[0];
                    let vectors = &table.numbers[offset..offset + values * dimension];
                    let vectors = model.floats(&table.name, &[values, dimension], vectors);
                    model.apply("Gather", &[&vectors, &column], &[])
                }
                Slot::OneHot { values } => {
                    let depth = model.ints("values", &[], &[values as i64]);
                    let off_on = model.floats("off_on", &[2], &[0.0, 1.0]);
                    model.apply(
                        "OneHot",
                        &[&column, &depth, &off_on],
                        &[("axis", Attribute::Int(-1))],
                    )
                }
            });
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        Ok(Tensor {
            name: model.apply("Concat", &parts, &[("axis", Attribute::Int(1))]),
            shape: vec![self.width()],
        })
    }
}

impl Export for Tokens {
    fn export(&self, model: &mut Model, call: &Call<'_>) -> Result<Tensor, OnnxError> {
        let Indices { name, known } = call.indices()?;
        let tokens = match known {
            true => name.to_owned(),
            false => within(model, name, self.tokens),
        };
        let (vectors, places) = (call.parameter(model, 0), call.parameter(model, 1));
        let vectors = model.apply("Gather", &[&vectors, &tokens], &[]);
        Ok(Tensor {
            name: model.apply("Add", &[&vectors, &places], &[]),
            shape: vec![self.positions, self.width],
        })
    }
}
