//! Mixed precision: what matrix products of a training multiply, and what the user should know of it. Only steps round;
//! whatever evaluates or predicts multiplies numbers of f32.

use aloft_nn::ops::Factors;
use aloft_spec::train::{ModelKind, TrainSpec};
use candle_core::Device;

/// Factors of a training's products, as the specification wants them where that gains something.
pub fn factors(spec: &TrainSpec, device: &Device) -> Factors {
    match is_wanted(spec) && device.is_cpu() && Factors::Bf16.are_fast() {
        true => Factors::Bf16,
        false => Factors::F32,
    }
}

/// The device's name, with how it multiplies where that isn't as usual.
pub fn named(device_name: String, spec: &TrainSpec, device: &Device) -> String {
    match factors(spec, device) {
        Factors::F32 => device_name,
        Factors::Bf16 => format!("{device_name}, bf16 products"),
    }
}

/// Why a run has no mixed precision although its specification wants it.
pub fn warning(spec: &TrainSpec, device: &Device) -> Option<&'static str> {
    if !is_wanted(spec) || factors(spec, device) == Factors::Bf16 {
        return None;
    }
    Some(match device.is_cpu() {
        true => {
            "mixed_precision gains nothing on this processor, which has no instructions for bf16 (avx512_bf16): \
             the products are of f32"
        }
        false => "mixed_precision is for processors so far, not for a GPU: the products are of f32",
    })
}

/// Trees have no matrix products.
fn is_wanted(spec: &TrainSpec) -> bool {
    spec.mixed_precision && spec.model.kind != ModelKind::Trees
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_it_or_says_why_not() {
        let (plain, cpu) = (TrainSpec::new("t", "y"), Device::Cpu);
        assert_eq!(factors(&plain, &cpu), Factors::F32);
        assert_eq!(warning(&plain, &cpu), None);
        let mixed = TrainSpec {
            mixed_precision: true,
            ..plain.clone()
        };
        let name = |spec| named("cpu, 2 threads".into(), spec, &cpu);
        match Factors::Bf16.are_fast() {
            true => {
                assert_eq!(factors(&mixed, &cpu), Factors::Bf16);
                assert_eq!(name(&mixed), "cpu, 2 threads, bf16 products");
                assert_eq!(warning(&mixed, &cpu), None);
            }
            false => {
                assert_eq!(factors(&mixed, &cpu), Factors::F32);
                assert_eq!(name(&mixed), "cpu, 2 threads");
                assert!(warning(&mixed, &cpu).unwrap().contains("avx512_bf16"));
            }
        }
        assert_eq!(name(&plain), "cpu, 2 threads");
        let mut trees = mixed;
        trees.model.kind = ModelKind::Trees;
        assert_eq!(
            (factors(&trees, &cpu), warning(&trees, &cpu)),
            (Factors::F32, None)
        );
    }
}
