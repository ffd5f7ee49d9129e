//! The look of egui's own widgets, made of the tokens.

use crate::fonts;
use crate::tokens::{DARK, LIGHT, Tokens, font, radius, size, space};
use aloft_protocol::operation::Theme;
use egui::epaint::Shadow;
use egui::style::{Selection, WidgetVisuals, Widgets};
use egui::{Context, CornerRadius, Margin, Stroke, Style, TextStyle, ThemePreference, Visuals, vec2};

/// Installs fonts and both themes.
pub fn install(ctx: &Context) {
    ctx.set_fonts(fonts::definitions());
    ctx.set_style_of(egui::Theme::Light, style(&LIGHT, Visuals::light()));
    ctx.set_style_of(egui::Theme::Dark, style(&DARK, Visuals::dark()));
    ctx.options_mut(|options| {
        options.fallback_theme = egui::Theme::Light;
        // Commands do that, so that it is found, and kept.
        options.zoom_with_keyboard = false;
    });
}

/// Chooses the theme that the user wants.
pub fn choose(ctx: &Context, theme: Theme) {
    let preference = match theme {
        Theme::System => ThemePreference::System,
        Theme::Light => ThemePreference::Light,
        Theme::Dark => ThemePreference::Dark,
    };
    // Setting it marks the context as changed, so it is set only when it differs.
    if ctx.options(|options| options.theme_preference) != preference {
        ctx.set_theme(preference);
    }
}

fn style(t: &Tokens, base: Visuals) -> Style {
    let mut style = Style {
        text_styles: [
            (TextStyle::Small, fonts::regular(font::SMALL)),
            (TextStyle::Body, fonts::regular(font::BODY)),
            (TextStyle::Button, fonts::medium(font::BODY)),
            (TextStyle::Heading, fonts::semibold(font::HEADING)),
            (TextStyle::Monospace, fonts::mono(font::CODE)),
        ]
        .into(),
        visuals: visuals(t, base),
        // Nothing fades or slides: what changes is there at once, and the window rests when nothing changes.
        animation_time: 0.0,
        ..Style::default()
    };
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(space::S, space::XS);
    spacing.button_padding = vec2(space::S, space::XS);
    spacing.interact_size = vec2(size::CONTROL, size::CONTROL);
    spacing.menu_margin = Margin::same(4);
    spacing.icon_width = 16.0;
    spacing.icon_spacing = 6.0;
    spacing.tooltip_width = 360.0;
    spacing.scroll = egui::style::ScrollStyle::thin();
    spacing.scroll.bar_width = 9.0;
    // Bars lie over what scrolls, so that a table is as wide as its card; nothing fades at the edges.
    spacing.scroll.floating_width = 5.0;
    spacing.scroll.floating_allocated_width = 0.0;
    spacing.scroll.dormant_background_opacity = 0.0;
    spacing.scroll.dormant_handle_opacity = 0.5;
    spacing.scroll.active_background_opacity = 0.0;
    spacing.scroll.fade.strength = 0.0;
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.5;
    style.scroll_animation = egui::style::ScrollAnimation::none();
    style
}

fn visuals(t: &Tokens, base: Visuals) -> Visuals {
    let corner = CornerRadius::same(radius::CONTROL);
    let widget = |fill, line, word| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, line),
        corner_radius: corner,
        fg_stroke: Stroke::new(1.0, word),
        expansion: 0.0,
    };
    let mut visuals = Visuals {
        widgets: Widgets {
            noninteractive: widget(t.panel, t.line, t.text),
            inactive: widget(t.raised, t.line, t.text),
            hovered: widget(t.hovered, t.line, t.text),
            active: widget(t.hovered, t.accent, t.text),
            open: widget(t.hovered, t.line, t.text),
        },
        selection: Selection {
            bg_fill: t.accent.gamma_multiply(0.28),
            stroke: Stroke::new(1.0, t.accent),
        },
        weak_text_color: Some(t.dim),
        hyperlink_color: t.accent,
        faint_bg_color: t.panel,
        extreme_bg_color: t.raised,
        text_edit_bg_color: Some(t.raised),
        code_bg_color: t.code,
        warn_fg_color: t.warn,
        error_fg_color: t.bad,
        window_fill: t.raised,
        window_stroke: Stroke::new(1.0, t.line),
        window_corner_radius: CornerRadius::same(radius::CARD),
        menu_corner_radius: CornerRadius::same(radius::CARD),
        panel_fill: t.background,
        popup_shadow: Shadow {
            offset: [0, 4],
            blur: 16,
            spread: 0,
            color: t.shadow,
        },
        window_shadow: Shadow {
            offset: [0, 8],
            blur: 28,
            spread: 0,
            color: t.shadow,
        },
        ..base
    };
    visuals.text_cursor.stroke = Stroke::new(1.5, t.accent);
    // A blinking cursor would wake the window twice a second for nothing.
    visuals.text_cursor.blink = false;
    visuals
}
