//! Inter for words, JetBrains Mono for names and code; they come with the program.

use egui::{FontData, FontDefinitions, FontFamily, FontId};
use std::sync::Arc;

const INTER: &str = "Inter";
const INTER_MEDIUM: &str = "Inter Medium";
const INTER_SEMIBOLD: &str = "Inter SemiBold";
const JETBRAINS_MONO: &str = "JetBrains Mono";

/// Words.
pub fn regular(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Words on buttons and names of things.
pub fn medium(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(INTER_MEDIUM.into()))
}

/// Headings and strong words.
pub fn semibold(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(INTER_SEMIBOLD.into()))
}

/// Names of cells and columns, and code.
pub fn mono(size: f32) -> FontId {
    FontId::new(size, FontFamily::Monospace)
}

/// The fonts, each family with the other as its fallback.
pub fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    for (name, bytes) in [
        (INTER, &include_bytes!("../../assets/fonts/Inter-Regular.ttf")[..]),
        (
            INTER_MEDIUM,
            &include_bytes!("../../assets/fonts/Inter-Medium.ttf")[..],
        ),
        (
            INTER_SEMIBOLD,
            &include_bytes!("../../assets/fonts/Inter-SemiBold.ttf")[..],
        ),
        (
            JETBRAINS_MONO,
            &include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf")[..],
        ),
    ] {
        let mut font = FontData::from_static(bytes);
        // Hinting pulls the small letters of JetBrains Mono up to the next pixel, where they look narrow, changes
        // nothing that the eye can see in Inter, and takes most of the time to the first frame.
        font.tweak.hinting = Some(false);
        fonts.font_data.insert(name.to_owned(), Arc::new(font));
    }
    for (family, first, then) in [
        (FontFamily::Proportional, INTER, JETBRAINS_MONO),
        (
            FontFamily::Name(INTER_MEDIUM.into()),
            INTER_MEDIUM,
            JETBRAINS_MONO,
        ),
        (
            FontFamily::Name(INTER_SEMIBOLD.into()),
            INTER_SEMIBOLD,
            JETBRAINS_MONO,
        ),
        (FontFamily::Monospace, JETBRAINS_MONO, INTER),
    ] {
        fonts
            .families
            .insert(family, vec![first.to_owned(), then.to_owned()]);
    }
    fonts
}
