//! Memory that is fetched while a product computes: its own numbers are in the cache, so memory has nothing else to do, and
//! whatever comes after it doesn't wait.

/// Numbers of a line of the cache.
const LINE: usize = 16;

/// Numbers that are needed soon, fetched part by part: many lines at once would be waited for.
#[derive(Debug)]
pub struct Ahead<'a> {
    rest: [&'a [f32]; 3],
    // Numbers of each that make a part.
    steps: [usize; 3],
}

impl<'a> Ahead<'a> {
    /// Slices that are to be fetched in so many parts.
    pub fn new(next: [&'a [f32]; 3], parts: usize) -> Self {
        Self {
            rest: next,
            steps: next.map(|numbers| numbers.len().div_ceil(LINE * parts.max(1)) * LINE),
        }
    }

    /// Asks for the next part of each slice, so that it comes into a core's second cache. Nothing else happens, and nothing at
    /// all where there is no such instruction.
    #[inline(always)]
    pub fn fetch_part(&mut self) {
        for (rest, step) in self.rest.iter_mut().zip(self.steps) {
            let (part, later) = rest.split_at(step.min(rest.len()));
            part.chunks(LINE).for_each(prefetch);
            *rest = later;
        }
    }
}

/// Asks for the line that begins with these numbers.
#[inline(always)]
#[allow(unsafe_code)]
fn prefetch(numbers: &[f32]) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the instruction is a hint for any address, even one that can't be read, and changes no number.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(numbers.as_ptr().cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = numbers;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_asked_for_in_the_given_parts_and_stays_as_it_is() {
        let numbers: Vec<f32> = (0..1000).map(|number| number as f32).collect();
        for (length, parts) in [(0, 1), (1, 1), (15, 3), (17, 2), (1000, 7), (1000, 100), (33, 0)] {
            let mut ahead = Ahead::new([&numbers[..length], &[], &numbers[..length / 2]], parts);
            for _ in 0..parts.max(1) {
                ahead.fetch_part();
            }
            assert!(
                ahead.rest.iter().all(|rest| rest.is_empty()),
                "{length} in {parts}"
            );
            ahead.fetch_part();
        }
        assert!(
            numbers
                .iter()
                .enumerate()
                .all(|(index, number)| *number == index as f32)
        );
    }
}
