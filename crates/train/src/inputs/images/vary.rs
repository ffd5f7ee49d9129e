//! Pictures as they might also have been taken: shifted, mirrored, closer. A model that sees them learns what matters.

use super::decode::Size;
use aloft_nn::rng::Random;
use serde::{Deserialize, Serialize};

/// How training pictures are varied; each kind is drawn for each picture of each step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Variation {
    /// Pixels that a picture is moved by at most, in each direction.
    pub shift: usize,
    /// Whether every second picture is mirrored from left to right.
    pub flip: bool,
    /// Share of height and width that is cut off at most; the rest fills the picture.
    pub crop: f64,
}

/// Which pixel of the picture each pixel of its variation is.
struct Draw {
    flip: bool,
    /// Size of what is seen, as a share.
    scale: f32,
    /// Where that begins: down and to the right.
    start: [f32; 2],
}

impl Variation {
    fn draw(&self, size: Size, random: &mut Random) -> Draw {
        let flip = self.flip && random.below(2) == 1;
        let scale = 1.0 - self.crop as f32 * random.unit();
        let mut start = |pixels: usize| {
            let within = (1.0 - scale) * pixels as f32 * random.unit();
            let shift = random.below(2 * self.shift as u32 + 1) as f32 - self.shift as f32;
            within + shift
        };
        let start = [start(size.height), start(size.width)];
        Draw { flip, scale, start }
    }

    /// Whether pictures stay as they are.
    pub fn is_none(&self) -> bool {
        self.shift == 0 && !self.flip && self.crop == 0.0
    }

    /// Varies a picture, [height, width, channels]; what lies beyond its border is as its border.
    pub fn apply(&self, size: Size, picture: &mut [f32], random: &mut Random) {
        let Draw { flip, scale, start } = self.draw(size, random);
        let original = picture.to_vec();
        let Size {
            height,
            width,
            channels,
        } = size;
        // The pixel's middle, so that a whole picture stays where it is.
        let place = |index: usize, start: f32, count: usize| {
            let at = (index as f32 + 0.5) * scale + start - 0.5;
            let at = at.clamp(0.0, (count - 1) as f32);
            (at as usize, ((at as usize) + 1).min(count - 1), at.fract())
        };
        for y in 0..height {
            let (above, below, down) = place(y, start[0], height);
            for x in 0..width {
                let from = if flip { width - 1 - x } else { x };
                let (left, right, along) = place(from, start[1], width);
                for channel in 0..channels {
                    let at = |y: usize, x: usize| original[(y * width + x) * channels + channel];
                    let upper = at(above, left) * (1.0 - along) + at(above, right) * along;
                    let lower = at(below, left) * (1.0 - along) + at(below, right) * along;
                    picture[(y * width + x) * channels + channel] = upper * (1.0 - down) + lower * down;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_nn::rng::Purpose;

    const SIZE: Size = Size {
        height: 3,
        width: 4,
        channels: 2,
    };

    fn picture() -> Vec<f32> {
        (0..24).map(|number| number as f32).collect()
    }

    fn varied(variation: Variation, seed: u64) -> Vec<f32> {
        let mut varied = picture();
        variation.apply(SIZE, &mut varied, &mut Random::new(seed, Purpose::Variation, 1));
        varied
    }

    #[test]
    fn nothing_asked_changes_nothing() {
        let none = Variation {
            shift: 0,
            flip: false,
            crop: 0.0,
        };
        assert!(none.is_none());
        assert_eq!(varied(none, 3), picture());
    }

    #[test]
    fn shifts_move_whole_pixels_and_repeat_the_border() {
        let shift = Variation {
            shift: 1,
            flip: false,
            crop: 0.0,
        };
        let all = picture();
        for seed in 0..20 {
            let varied = varied(shift, seed);
            let moved = (-1..=1i32).flat_map(|down| (-1..=1i32).map(move |right| (down, right)));
            let found = moved.into_iter().any(|(down, right)| {
                (0..24).all(|number| {
                    let (y, x, channel) = (number / 8, number / 2 % 4, number % 2);
                    let from = |at: usize, by: i32, count: i32| (at as i32 + by).clamp(0, count - 1) as usize;
                    varied[number] == all[(from(y, down, 3) * 4 + from(x, right, 4)) * 2 + channel]
                })
            });
            assert!(found, "seed {seed}: {varied:?}");
        }
    }

    #[test]
    fn flips_mirror_half_of_the_pictures() {
        let flip = Variation {
            shift: 0,
            flip: true,
            crop: 0.0,
        };
        let all = picture();
        let mirrored: Vec<f32> = (0..24)
            .map(|number| all[number / 8 * 8 + (3 - number / 2 % 4) * 2 + number % 2])
            .collect();
        let flipped = (0..200).filter(|seed| varied(flip, *seed) == mirrored).count();
        let kept = (0..200).filter(|seed| varied(flip, *seed) == all).count();
        assert_eq!(flipped + kept, 200);
        assert!((60..140).contains(&flipped), "{flipped}");
    }

    #[test]
    fn a_crop_shows_a_part_and_stays_within_the_picture() {
        let crop = Variation {
            shift: 0,
            flip: false,
            crop: 0.5,
        };
        let varied = varied(crop, 5);
        assert_ne!(varied, picture());
        assert!(varied.iter().all(|number| (0.0..=23.0).contains(number)));
    }
}
