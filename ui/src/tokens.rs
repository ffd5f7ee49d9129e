//! Colours, distances and sizes. Nothing else in the window names a colour or a size of its own.

use aloft_spec::colors::{self, Colors};
use egui::Color32;

/// The colours of one theme, by what they mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tokens {
    /// Behind the notebook.
    pub background: Color32,
    /// Behind navigation, inspector and bars.
    pub panel: Color32,
    /// Cards, fields and buttons.
    pub raised: Color32,
    /// Cards and buttons under the pointer.
    pub hovered: Color32,
    /// Behind code.
    pub code: Color32,
    /// Lines between parts.
    pub line: Color32,
    /// Words that are read.
    pub text: Color32,
    /// Words that go with others: units, kinds, hints.
    pub dim: Color32,
    /// Marks and words that may be missed.
    pub faint: Color32,
    /// The one thing to do next, and what is selected.
    pub accent: Color32,
    /// Words on the accent.
    pub on_accent: Color32,
    /// Bars, and what is like the accent and quieter.
    pub accent_quiet: Color32,
    /// Behind what is selected.
    pub selected: Color32,
    /// Within its limit; done.
    pub ok: Color32,
    /// Near its limit; running.
    pub warn: Color32,
    /// Over its limit; failed.
    pub bad: Color32,
    /// Behind a verdict that is within its limits.
    pub ok_quiet: Color32,
    /// Behind a warning.
    pub warn_quiet: Color32,
    /// Behind a failure.
    pub bad_quiet: Color32,
    /// Keywords and headers of tables in code.
    pub keyword: Color32,
    /// Texts in code.
    pub string: Color32,
    /// Numbers and booleans in code.
    pub number: Color32,
    /// Between a question and the rest of the window.
    pub backdrop: Color32,
    /// Below what floats.
    pub shadow: Color32,
    /// Classes and numbers in charts.
    pub chart: Colors,
}

const fn hex(rgb: u32) -> Color32 {
    Color32::from_rgb((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8)
}

/// The light theme.
pub const LIGHT: Tokens = Tokens {
    background: hex(0xfbfbfa),
    panel: hex(0xf4f4f2),
    raised: hex(0xffffff),
    hovered: hex(0xebebe8),
    code: hex(0xf6f6f4),
    line: hex(0xe3e3df),
    text: hex(0x1c1f23),
    dim: hex(0x5d656e),
    faint: hex(0x8c939b),
    accent: hex(0x2f62d9),
    on_accent: hex(0xffffff),
    accent_quiet: hex(0xa9bde8),
    selected: hex(0xe6edfb),
    ok: hex(0x23875a),
    warn: hex(0xa86d10),
    bad: hex(0xc23b34),
    ok_quiet: hex(0xe4f2ea),
    warn_quiet: hex(0xf8eedc),
    bad_quiet: hex(0xfae5e3),
    keyword: hex(0x7a3ec9),
    string: hex(0x1f7a45),
    number: hex(0xa3550c),
    backdrop: Color32::from_black_alpha(70),
    shadow: Color32::from_black_alpha(28),
    chart: colors::LIGHT,
};

/// The dark theme.
pub const DARK: Tokens = Tokens {
    background: hex(0x101215),
    panel: hex(0x14171b),
    raised: hex(0x1a1e23),
    hovered: hex(0x22272e),
    code: hex(0x0c0e11),
    line: hex(0x262b32),
    text: hex(0xe4e7eb),
    dim: hex(0x98a1ac),
    faint: hex(0x69727d),
    accent: hex(0x6ea0ff),
    on_accent: hex(0x0d1526),
    accent_quiet: hex(0x49618f),
    selected: hex(0x1b263d),
    ok: hex(0x57b98a),
    warn: hex(0xdca54c),
    bad: hex(0xe4716a),
    ok_quiet: hex(0x162b23),
    warn_quiet: hex(0x302718),
    bad_quiet: hex(0x3a1e1f),
    keyword: hex(0xc598f5),
    string: hex(0x86cf9b),
    number: hex(0xe3a863),
    backdrop: Color32::from_black_alpha(140),
    shadow: Color32::from_black_alpha(110),
    chart: colors::DARK,
};

impl Tokens {
    /// The colours in force in a part of the window.
    pub fn of(ui: &egui::Ui) -> &'static Self {
        Self::of_mode(ui.visuals().dark_mode)
    }

    /// The colours in force in the window.
    pub fn of_ctx(ctx: &egui::Context) -> &'static Self {
        Self::of_mode(ctx.theme() == egui::Theme::Dark)
    }

    /// The colour of a class in a chart.
    pub fn class(&self, class: usize) -> Color32 {
        hex(self.chart.class(class))
    }

    /// The colour of a number in a chart, from the lowest (0) to the highest (1).
    pub fn shade(&self, share: f64, diverging: bool) -> Color32 {
        hex(self.chart.shade(share, diverging))
    }

    fn of_mode(dark: bool) -> &'static Self {
        if dark { &DARK } else { &LIGHT }
    }
}

/// Distances, in steps of four points.
pub mod space {
    /// Between parts of one thing.
    pub const XS: f32 = 4.0;
    /// Between things that belong together.
    pub const S: f32 = 8.0;
    /// Inside cards and panels.
    pub const M: f32 = 12.0;
    /// Between groups.
    pub const L: f32 = 16.0;
    /// Around the notebook.
    pub const XL: f32 = 24.0;
}

/// Widths and heights, in points.
pub mod size {
    /// The notebook's column.
    pub const COLUMN: f32 = 800.0;
    /// Navigation.
    pub const NAVIGATION: f32 = 232.0;
    /// Inspector.
    pub const INSPECTOR: f32 = 320.0;
    /// Top bar.
    pub const TOP_BAR: f32 = 44.0;
    /// Status bar.
    pub const STATUS_BAR: f32 = 26.0;
    /// Buttons and fields.
    pub const CONTROL: f32 = 28.0;
    /// Buttons within a card's head and foot.
    pub const CONTROL_SMALL: f32 = 24.0;
    /// Rows of lists.
    pub const ROW: f32 = 26.0;
    /// Rows of tables.
    pub const TABLE_ROW: f32 = 22.0;
    /// A cell's head.
    pub const HEAD: f32 = 34.0;
    /// A cell's foot.
    pub const FOOT: f32 = 30.0;
    /// Diameter of a state's dot.
    pub const DOT: f32 = 8.0;
    /// Width of questions and forms.
    pub const DIALOG: f32 = 520.0;
    /// Height of a bar that shows a share.
    pub const BAR: f32 = 4.0;
}

/// Corners, in points.
pub mod radius {
    /// Buttons, fields.
    pub const CONTROL: u8 = 6;
    /// Cards, questions.
    pub const CARD: u8 = 8;
    /// Chips and bars.
    pub const ROUND: u8 = 14;
}

/// Sizes of type, in points.
pub mod font {
    /// The notebook's title.
    pub const TITLE: f32 = 23.0;
    /// A heading within the notebook.
    pub const HEADING: f32 = 17.0;
    /// Prose.
    pub const PROSE: f32 = 14.0;
    /// Height of a line of prose.
    pub const PROSE_LINE: f32 = 21.0;
    /// Everything else.
    pub const BODY: f32 = 13.0;
    /// Height of a line of everything else.
    pub const BODY_LINE: f32 = 19.0;
    /// What goes with it.
    pub const SMALL: f32 = 11.5;
    /// Code and names.
    pub const CODE: f32 = 12.5;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance of WCAG 2.2.
    fn luminance(color: Color32) -> f64 {
        let linear = |byte: u8| {
            let c = f64::from(byte) / 255.0;
            if c <= 0.040_45 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn words_that_matter_can_be_read() {
        for t in [LIGHT, DARK] {
            let grounds = [t.background, t.panel, t.raised, t.code, t.selected, t.hovered];
            let mut pairs = Vec::new();
            for ground in grounds {
                pairs.extend([(t.text, ground), (t.dim, ground)]);
            }
            for ground in [t.background, t.raised, t.code] {
                pairs.extend([(t.keyword, ground), (t.string, ground), (t.number, ground)]);
            }
            pairs.extend([(t.bad, t.raised), (t.bad, t.panel), (t.accent, t.raised)]);
            pairs.extend([
                (t.text, t.ok_quiet),
                (t.text, t.warn_quiet),
                (t.text, t.bad_quiet),
            ]);
            pairs.extend([(t.on_accent, t.accent), (t.text, t.accent_quiet)]);
            for (word, ground) in pairs {
                let ratio = contrast(word, ground);
                assert!(ratio >= 4.5, "{word:?} on {ground:?} has only {ratio:.2}");
            }
        }
    }

    #[test]
    fn marks_can_be_told_from_their_ground() {
        for t in [LIGHT, DARK] {
            let classes = t.chart.classes.map(hex);
            for mark in [t.ok, t.warn, t.bad, t.accent, t.faint]
                .into_iter()
                .chain(classes)
            {
                let ratio = contrast(mark, t.raised);
                assert!(ratio >= 3.0, "{mark:?} on {:?} has only {ratio:.2}", t.raised);
            }
        }
    }
}
