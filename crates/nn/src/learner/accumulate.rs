//! Several batches that make one step: as one batch of all their rows, in the memory of one of them.

use super::Learner;
use crate::{
    loss::Targets,
    network::{Parameters, Rows},
    ops::vector,
};
use candle_core::{Result, backprop::GradStore};

/// Sums of gradients.
#[derive(Debug, Default)]
pub(super) enum Gathered {
    /// Of no batch.
    #[default]
    Nothing,
    /// By parameter.
    Host(Vec<Vec<f32>>),
    /// The same on another device.
    Device(GradStore),
}

impl Learner {
    /// What the sum over rows with these targets is divided by; [`accumulate`](Self::accumulate) wants it of all rows of
    /// a step.
    pub fn divisor(&self, targets: Targets<'_>) -> f64 {
        self.loss.divisor(targets)
    }

    /// Takes a batch through the graph and adds its gradients to those of the batches before it; nothing moves before
    /// [`update`](Self::update). Returns the batch's part of the mean loss, which is over `divisor`.
    pub fn accumulate(
        &mut self,
        rows: Rows<'_>,
        targets: Targets<'_>,
        divisor: f64,
        seed: u64,
    ) -> Result<f64> {
        if let Parameters::Device(_) = self.network.parameters() {
            return self.accumulate_on_device(rows, targets, divisor, seed);
        }
        self.on_threads(rows.rows, |learner| {
            let loss = learner.backward_on_host(rows, targets, divisor, seed);
            learner.observe_on_host();
            learner.gather();
            loss
        })
    }

    /// Moves the parameters along the gathered gradients; nothing where none were gathered.
    pub fn update(&mut self, learning_rate: f64) -> Result<()> {
        match std::mem::take(&mut self.gathered) {
            Gathered::Nothing => Ok(()),
            Gathered::Device(gradients) => self.update_on_device(&gradients, learning_rate),
            Gathered::Host(gradients) => {
                let graph = std::sync::Arc::clone(self.network.graph());
                let Parameters::Host(parameters) = self.network.parameters_mut() else {
                    unreachable!("the gradients are where the parameters are")
                };
                self.optimizer
                    .step(graph.parameters(), parameters, &[&gradients], learning_rate, 1);
                Ok(())
            }
        }
    }

    /// Adds the shards' gradients up, in their order.
    fn gather(&mut self) {
        let Some(batch) = self.plans.first() else {
            return;
        };
        for shard in &batch.shards {
            let gradients = shard.plan.parameter_gradients();
            match &mut self.gathered {
                Gathered::Host(sums) => sums
                    .iter_mut()
                    .zip(gradients)
                    .for_each(|(sum, gradient)| vector::add(sum, gradient)),
                gathered => *gathered = Gathered::Host(gradients.to_vec()),
            }
        }
    }

    fn accumulate_on_device(
        &mut self,
        rows: Rows<'_>,
        targets: Targets<'_>,
        divisor: f64,
        seed: u64,
    ) -> Result<f64> {
        let share = self.loss.divisor(targets) / divisor;
        let (mut gradients, loss) = self.backward_on_device(rows, targets, seed)?;
        let Parameters::Device(vars) = self.network.parameters() else {
            unreachable!("this network is on a device")
        };
        for var in vars {
            let Some(own) = gradients.get(var) else {
                continue;
            };
            let mut sum = (own.detach() * share)?;
            if let Gathered::Device(before) = &self.gathered
                && let Some(before) = before.get(var)
            {
                sum = (sum + before)?;
            }
            gradients.insert(var, sum);
        }
        self.gathered = Gathered::Device(gradients);
        Ok(loss * share)
    }
}
