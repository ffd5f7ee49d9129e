//! Learned waves of numbers.

use super::{Call, Export, members::maps};
use crate::{Attribute, Model, OnnxError, Tensor};
use aloft_nn::ops::Periodic;
use std::f32::consts::TAU;

impl Export for Periodic {
    fn export(&self, model: &mut Model, call: &Call<'_>) -> Result<Tensor, OnnxError> {
        let x = model.reshape(call.x(), &[self.numbers]);
        let count = self.columns.len();
        let columns: Vec<i64> = self.columns.iter().map(|column| *column as i64).collect();
        let columns = model.ints("columns", &[count], &columns);
        let chosen = Tensor {
            name: model.apply("Gather", &[&x.name, &columns], &[("axis", Attribute::Int(1))]),
            shape: vec![count],
        };
        let chosen = model.reshape(&chosen, &[count, 1]);
        let [frequencies, phases, weight, bias] = [0, 1, 2, 3].map(|index| call.parameter(model, index));
        let turns = model.apply("Mul", &[&chosen.name, &frequencies], &[]);
        let turns = model.apply("Add", &[&turns, &phases], &[]);
        // Whole turns are taken off first: an angle of many turns is only known roughly in 32 bits.
        let whole = model.apply("Round", &[&turns], &[]);
        let rest = model.apply("Sub", &[&turns, &whole], &[]);
        let turn = model.floats("turn", &[], &[TAU]);
        let angle = model.apply("Mul", &[&rest, &turn], &[]);
        let waves = model.apply("Cos", &[&angle], &[]);
        let vectors = Tensor {
            name: maps(model, &waves, &weight, &bias),
            shape: vec![count, self.outputs],
        };
        let vectors = model.reshape(&vectors, &[count * self.outputs]);
        Ok(Tensor {
            name: model.apply(
                "Concat",
                &[&x.name, &vectors.name],
                &[("axis", Attribute::Int(1))],
            ),
            shape: vec![self.width()],
        })
    }
}
