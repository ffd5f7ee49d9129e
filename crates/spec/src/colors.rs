//! Colours of charts, in the window and in files. Eight that people who see red and green alike can tell apart, in an
//! order in which neighbours differ most (after Okabe and Ito, 2008, darkened and lightened to stand out from their
//! ground); and colours of numbers, of which lightness grows or falls evenly.

/// Colours on one kind of ground, as `0xrrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colors {
    /// Of classes.
    pub classes: [u32; 8],
    /// Of numbers, from the ground's to the fullest.
    pub ramp: [u32; 5],
    /// Of numbers on both sides of 0: far below, below, at, above, far above.
    pub diverging: [u32; 5],
}

/// On a light ground.
pub const LIGHT: Colors = Colors {
    classes: [
        0x2f62d9, 0xc8571b, 0x00876a, 0xa3427f, 0x8a6d00, 0x3d8fc4, 0x6b4fbb, 0x5d656e,
    ],
    ramp: [0xe8eefb, 0xb3c8f2, 0x7a9de5, 0x4673d8, 0x1d3f9c],
    diverging: [0xb2481a, 0xe8a987, 0xf4f4f2, 0x93b2ec, 0x2f62d9],
};

/// On a dark ground.
pub const DARK: Colors = Colors {
    classes: [
        0x6ea0ff, 0xf0955c, 0x3fc5a3, 0xe08ac0, 0xd9b93f, 0x83c9f0, 0xb09bf0, 0x98a1ac,
    ],
    ramp: [0x1d2636, 0x2f4876, 0x4770b8, 0x6e9af0, 0xbcd3ff],
    diverging: [0xf0955c, 0x8c5a3c, 0x23282f, 0x49618f, 0x6ea0ff],
};

impl Colors {
    /// The colour of a class.
    pub fn class(&self, class: usize) -> u32 {
        self.classes[class % self.classes.len()]
    }

    /// The colour of a number between `low` (0) and `high` (1) of a ramp.
    pub fn shade(&self, share: f64, diverging: bool) -> u32 {
        let stops = if diverging { &self.diverging } else { &self.ramp };
        // The lowest colour also for no number.
        let share = if share.is_nan() {
            0.0
        } else {
            share.clamp(0.0, 1.0)
        };
        let at = share * (stops.len() - 1) as f64;
        let below = (at.floor() as usize).min(stops.len() - 2);
        let part = at - below as f64;
        let mix = |shift: u32| {
            let of = |stop: usize| f64::from(stops[stop] >> shift & 0xff);
            ((of(below) + (of(below + 1) - of(below)) * part).round() as u32) << shift
        };
        mix(16) | mix(8) | mix(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_lie_between_their_stops() {
        assert_eq!(LIGHT.shade(0.0, false), LIGHT.ramp[0]);
        assert_eq!(LIGHT.shade(1.0, false), LIGHT.ramp[4]);
        assert_eq!(LIGHT.shade(0.5, true), LIGHT.diverging[2]);
        assert_eq!(LIGHT.shade(f64::NAN, false), LIGHT.shade(0.0, false));
        let half = LIGHT.shade(0.125, false);
        assert_eq!(half, 0xcedbf7);
    }
}
