//! What works along a sequence: attention, and one vector out of many.

use super::{Call, Export};
use crate::{Attribute, Model, OnnxError, Tensor, proto::ElementType};
use aloft_nn::ops::{Attention, Reduce, ReduceKind};

/// Added to the score of a position that isn't seen.
const UNSEEN: f32 = -1e30;

impl Export for Reduce {
    fn export(&self, model: &mut Model, call: &Call<'_>) -> Result<Tensor, OnnxError> {
        let x = model.reshape(call.x(), &[self.positions, self.width]);
        let name = match self.kind {
            ReduceKind::Mean => {
                let axes = model.ints("axes", &[1], &[1]);
                model.apply(
                    "ReduceMean",
                    &[&x.name, &axes],
                    &[("keepdims", Attribute::Int(0))],
                )
            }
            ReduceKind::Last => {
                let last = model.ints("last", &[], &[self.positions as i64 - 1]);
                model.apply("Gather", &[&x.name, &last], &[("axis", Attribute::Int(1))])
            }
        };
        Ok(Tensor {
            name,
            shape: vec![self.width],
        })
    }
}

impl Export for Attention {
    fn export(&self, model: &mut Model, call: &Call<'_>) -> Result<Tensor, OnnxError> {
        let (positions, heads, size) = (self.positions, self.heads, self.size);
        let x = model.reshape(call.x(), &[positions, 3, heads, size]);
        // [queries keys values, rows, heads, positions, size]
        let parts = model.apply(
            "Transpose",
            &[&x.name],
            &[("perm", Attribute::Ints(&[2, 0, 3, 1, 4]))],
        );
        let [queries, keys, values] = [0, 1, 2].map(|part| {
            let at = model.ints("part", &[], &[part]);
            model.apply("Gather", &[&parts, &at], &[("axis", Attribute::Int(0))])
        });
        let keys = model.apply("Transpose", &[&keys], &[("perm", Attribute::Ints(&[0, 1, 3, 2]))]);
        let scores = model.apply("MatMul", &[&queries, &keys], &[]);
        let scale = model.floats("scale", &[], &[1.0 / (size as f32).sqrt()]);
        let mut scores = model.apply("Mul", &[&scores, &scale], &[]);
        if self.causal {
            let later: Vec<f32> = (0..positions * positions)
                .map(|at| {
                    if at % positions > at / positions {
                        UNSEEN
                    } else {
                        0.0
                    }
                })
                .collect();
            let later = model.floats("later", &[positions, positions], &later);
            scores = model.apply("Add", &[&scores, &later], &[]);
        }
        if self.masked {
            let unseen = self.unseen(model, call.indices()?.name);
            scores = model.apply("Add", &[&scores, &unseen], &[]);
        }
        let shares = model.apply("Softmax", &[&scores], &[("axis", Attribute::Int(-1))]);
        let out = model.apply("MatMul", &[&shares, &values], &[]);
        let out = model.apply("Transpose", &[&out], &[("perm", Attribute::Ints(&[0, 2, 1, 3]))]);
        let out = Tensor {
            name: out,
            shape: vec![positions, heads, size],
        };
        Ok(model.reshape(&out, &[positions, heads * size]))
    }
}

/// [`Attention::masked`] in nodes.
trait Masked {
    fn unseen(&self, model: &mut Model, tokens: &str) -> String;
}

impl Masked for Attention {
    /// [rows, 1, 1, positions]: what is added to the scores of filled-up positions. The first position is seen where
    /// nothing else is, and always where positions see only those before them.
    fn unseen(&self, model: &mut Model, tokens: &str) -> String {
        let first: Vec<bool> = (0..self.positions).map(|position| position == 0).collect();
        let first = model.bools("first", &[self.positions], &first);
        let zero = model.ints("zero", &[], &[0]);
        let filling = model.apply("Equal", &[tokens, &zero], &[]);
        let kept = match self.causal {
            true => first,
            false => {
                let count = model.apply(
                    "Cast",
                    &[&filling],
                    &[("to", Attribute::Int(ElementType::Int64 as i64))],
                );
                let axes = model.ints("axes", &[1], &[1]);
                let count = model.apply("ReduceSum", &[&count, &axes], &[("keepdims", Attribute::Int(1))]);
                let all = model.ints("positions", &[], &[self.positions as i64]);
                let empty = model.apply("Equal", &[&count, &all], &[]);
                model.apply("And", &[&empty, &first], &[])
            }
        };
        let seen = model.apply("Not", &[&kept], &[]);
        let hidden = model.apply("And", &[&filling, &seen], &[]);
        let [unseen, nothing] =
            [("unseen", UNSEEN), ("nothing", 0.0)].map(|(name, value)| model.floats(name, &[], &[value]));
        let added = model.apply("Where", &[&hidden, &unseen, &nothing], &[]);
        let axes = model.ints("axes", &[2], &[1, 2]);
        model.apply("Unsqueeze", &[&added, &axes], &[])
    }
}
