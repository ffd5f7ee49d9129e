//! The area that egui paints into, and what a frame does.

use super::accessibility::Accessibility;
use super::ime::InputMethod;
use super::input::Input;
use super::{Content, Repaint, clipboard, cursor, drops, failure, gl, guarded, keys, later, pointer};
use egui::{Color32, CursorIcon, FullOutput, OutputCommand, PlatformOutput, ViewportId};
use glib::Propagation;
use gtk::prelude::*;
use std::cell::{Cell, RefCell};
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// egui, painted at the bottom of a box of GTK widgets.
pub struct Host {
    surface: Rc<Surface>,
    area: gtk::GLArea,
}

impl Host {
    /// Packs an area into `container`, which belongs to a window that isn't shown yet. With `trace`, the time since
    /// then is written to stderr for every frame.
    pub fn attach(container: &gtk::Box, content: impl Content + 'static, trace: Option<Instant>) -> Self {
        let area = gtk::GLArea::new();
        area.set_auto_render(false);
        area.set_has_alpha(false);
        area.set_has_depth_buffer(false);
        area.set_has_stencil_buffer(false);
        area.set_can_focus(true);
        area.add_events(pointer::events() | keys::events());

        let surface = Surface::new(&area, content, trace);
        surface.connect(&area);
        keys::connect(&area, &surface);
        pointer::connect(&area, &surface);
        drops::connect(&area, &surface);

        container.pack_end(&area, true, true, 0);
        area.grab_focus();
        Self { surface, area }
    }

    /// Asks for a frame: there is something new to show.
    pub fn repaint(&self) {
        self.surface.repaint.now();
    }

    /// Takes the colours that the desktop prefers.
    pub fn set_system_theme(&self, theme: egui::Theme) {
        self.surface.input.set_system_theme(theme);
    }

    /// Gives the area the keyboard.
    pub fn focus(&self) {
        self.area.grab_focus();
    }
}

/// Everything behind the area. Its parts are borrowed for moments only, never while GTK is called.
pub(super) struct Surface {
    pub input: Rc<Input>,
    pub ime: Rc<InputMethod>,
    pub accessibility: Accessibility,
    repaint: Repaint,
    ctx: RefCell<egui::Context>,
    content: RefCell<Box<dyn Content>>,
    painter: RefCell<Option<egui_glow::Painter>>,
    failure: RefCell<Option<String>>,
    cursor: Cell<CursorIcon>,
    background: Cell<Option<Color32>>,
    trace: Option<Instant>,
    /// What the last frame took: for the views, for turning shapes into triangles, and for handing these to OpenGL.
    spent: Cell<[Duration; 3]>,
}

impl Surface {
    fn new(area: &gtk::GLArea, content: impl Content + 'static, trace: Option<Instant>) -> Rc<Self> {
        let repaint = Repaint::new(area.downgrade().into());
        let input = Rc::new(Input::new(repaint.clone()));
        let surface = Self {
            ime: InputMethod::new(&input),
            accessibility: Accessibility::new(repaint.clone()),
            input,
            repaint,
            ctx: RefCell::default(),
            content: RefCell::new(Box::new(content)),
            painter: RefCell::default(),
            failure: RefCell::default(),
            cursor: Cell::default(),
            background: Cell::default(),
            trace,
            spent: Cell::default(),
        };
        surface.start_views();
        Rc::new(surface)
    }

    fn connect(self: &Rc<Self>, area: &gtk::GLArea) {
        let this = self.clone();
        area.connect_realize(move |area| guarded((), || this.realize(area)));
        let this = self.clone();
        area.connect_unrealize(move |area| guarded((), || this.unrealize(area)));
        let this = self.clone();
        area.connect_render(move |area, _| {
            guarded((), || this.render(area));
            Propagation::Stop
        });
        let this = self.clone();
        area.connect_size_allocate(move |_, _| this.repaint.now());
        let this = self.clone();
        area.connect_scale_factor_notify(move |_| this.repaint.now());
        if let Some(settings) = gtk::Settings::default() {
            let repaint = self.repaint.clone();
            settings.connect_gtk_xft_dpi_notify(move |_| repaint.now());
        }
    }

    /// Files were dropped; the content is told when GTK is done with the drop.
    pub fn dropped(self: &Rc<Self>, paths: Vec<PathBuf>) {
        let this = self.clone();
        later(move || this.content.borrow_mut().dropped(paths));
    }

    /// A new context with the content's fonts and colours.
    fn start_views(&self) {
        let ctx = egui::Context::default();
        let repaint = self.repaint.clone();
        ctx.set_request_repaint_callback(move |request| repaint.after(request.delay));
        self.content.borrow_mut().prepare(&ctx);
        self.ctx.replace(ctx);
    }

    fn realize(&self, area: &gtk::GLArea) {
        area.make_current();
        let painter = match area.error() {
            Some(error) => Err(error.message().to_owned()),
            None => gl::painter(),
        };
        match painter {
            Ok(painter) => {
                self.painter.replace(Some(painter));
                self.ime.set_window(area.window().as_ref());
            }
            Err(reason) => {
                let _ = writeln!(
                    std::io::stderr(),
                    "aloft-desktop: OpenGL: {reason}. {}",
                    failure::GL_HINT
                );
                let area = area.clone();
                later(move || failure::replace_area(&area, &reason));
            }
        }
    }

    fn unrealize(&self, area: &gtk::GLArea) {
        self.ime.set_window(None);
        area.make_current();
        if let Some(mut painter) = self.painter.take() {
            painter.destroy();
        }
    }

    fn render(self: &Rc<Self>, area: &gtk::GLArea) {
        let began = Instant::now();
        match catch_unwind(AssertUnwindSafe(|| self.frame(area))) {
            Ok(output) => self.follow(area, output),
            Err(panic) => self.fail(failure::message(panic.as_ref())),
        }
        if let Some(start) = self.trace {
            let (at, took) = (start.elapsed(), began.elapsed());
            let [views, shapes, painting] = self.spent.get();
            let _ = writeln!(
                std::io::stderr(),
                "frame at {at:.1?}, took {took:.1?}: views {views:.1?}, shapes {shapes:.1?}, painting {painting:.1?}"
            );
        }
    }

    /// Runs the views and paints what they drew.
    fn frame(&self, area: &gtk::GLArea) -> Option<PlatformOutput> {
        let mut painter = self.painter.borrow_mut();
        let painter = painter.as_mut()?;
        let ctx = self.ctx.borrow().clone();

        let screen = Screen::of(area);
        self.input
            .set_points_per_unit(screen.units / (screen.scale * ctx.zoom_factor()));
        if self.accessibility.wanted() {
            ctx.enable_accesskit();
        } else {
            ctx.disable_accesskit();
        }
        for request in self.accessibility.requests() {
            self.input.push(egui::Event::AccessKitActionRequest(request));
        }

        let size = screen.size * self.input.points_per_unit();
        let input = self.input.take(size, screen.scale, painter.max_texture_side());
        let failed = self.failure.borrow().clone();
        let mut again = false;
        let began = Instant::now();
        let mut output = ctx.run_ui(input, |ui| match &failed {
            None => self.content.borrow_mut().frame(ui),
            Some(message) => again |= failure::page(ui, message),
        });
        let viewed = Instant::now();
        self.repaint_as_told(&output);

        let background = ctx.global_style().visuals.panel_fill;
        self.show_background(area, background);
        let shapes = std::mem::take(&mut output.shapes);
        let primitives = ctx.tessellate(shapes, output.pixels_per_point);
        let shaped = Instant::now();
        painter.clear(screen.pixels, background.to_normalized_gamma_f32());
        painter.paint_and_update_textures(
            screen.pixels,
            output.pixels_per_point,
            &primitives,
            &mut output.textures_delta,
        );
        self.spent
            .set([viewed - began, shaped - viewed, shaped.elapsed()]);
        if again {
            self.failure.replace(None);
            self.repaint.now();
        }
        Some(output.platform_output)
    }

    fn repaint_as_told(&self, output: &FullOutput) {
        if let Some(viewport) = output.viewport_output.get(&ViewportId::ROOT) {
            self.repaint.after(viewport.repaint_delay);
        }
    }

    /// Does what a frame asks for, after the frame.
    fn follow(self: &Rc<Self>, area: &gtk::GLArea, output: Option<PlatformOutput>) {
        let Some(output) = output else { return };
        for command in output.commands {
            match command {
                OutputCommand::CopyText(text) => clipboard::copy(text),
                OutputCommand::TextSelectionSettled(text) => clipboard::select(text),
                OutputCommand::CopyImage(image) => clipboard::copy_image(&image),
                OutputCommand::OpenUrl(open) => open_address(open.url),
            }
        }
        if self.cursor.replace(output.cursor_icon) != output.cursor_icon
            && let Some(window) = area.window()
        {
            later(move || cursor::show(&window, output.cursor_icon));
        }
        self.ime.follow(output.ime, self.input.points_per_unit());
        if let Some(tree) = output.accesskit_update {
            if let Some((outer, inner)) = bounds(area) {
                self.accessibility.set_bounds(outer, inner);
            }
            self.accessibility.update(tree);
        }
    }

    /// A panic in the views: they start anew behind a page that says so, and everything else goes on.
    fn fail(&self, message: String) {
        // egui insists that textures are taken, and the painter's belong to the context that failed.
        self.ctx.borrow().tex_manager().write().take_delta().clear();
        if let Some(mut painter) = self.painter.take() {
            painter.destroy();
        }
        self.painter.replace(gl::painter().ok());
        self.start_views();
        // A page that fails itself is not tried again until something happens.
        if self.failure.replace(Some(message)).is_none() {
            self.repaint.now();
        }
    }

    /// Gives the window the colour of the page, or resizing it flashes.
    fn show_background(&self, area: &gtk::GLArea, color: Color32) {
        if self.background.replace(Some(color)) == Some(color) {
            return;
        }
        let (area, [r, g, b, a]) = (area.clone(), color.to_normalized_gamma_f32().map(f64::from));
        later(move || {
            let color = gdk::RGBA::new(r, g, b, a);
            let toplevel = area.toplevel().and_then(|toplevel| toplevel.window());
            for window in [toplevel, area.window()].into_iter().flatten() {
                set_background(&window, &color);
            }
        });
    }
}

/// How large the area is, and how dense.
struct Screen {
    /// In GTK's units.
    size: egui::Vec2,
    /// Pixels in a unit of GTK: a whole number.
    units: f32,
    /// Pixels in a point: GTK's scale times what the desktop asks for text.
    scale: f32,
    /// The framebuffer.
    pixels: [u32; 2],
}

impl Screen {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a screen is far smaller than an f32 is exact"
    )]
    fn of(area: &gtk::GLArea) -> Self {
        let units = area.scale_factor().max(1);
        let [width, height] = [area.allocated_width().max(1), area.allocated_height().max(1)];
        // In 1024ths of a dot per inch, where 96 are normal; unset on some desktops.
        let dpi = gtk::Settings::default().map_or(0, |settings| settings.gtk_xft_dpi());
        let text = if dpi > 0 {
            (dpi as f32 / (1024.0 * 96.0)).clamp(0.5, 4.0)
        } else {
            1.0
        };
        Self {
            size: egui::vec2(width as f32, height as f32),
            units: units as f32,
            scale: units as f32 * text,
            pixels: [(width * units).unsigned_abs(), (height * units).unsigned_abs()],
        }
    }
}

/// Where the window and the area are on the screen, in pixels; X11 knows, Wayland doesn't tell.
fn bounds(area: &gtk::GLArea) -> Option<(egui::accesskit::Rect, egui::accesskit::Rect)> {
    let scale = f64::from(area.scale_factor());
    let outer = area.toplevel()?.window()?.frame_extents();
    let (_, x, y) = area.window()?.origin();
    let inner = area.allocation();
    let rect = |x: i32, y: i32, width: i32, height: i32| {
        let [x0, y0, x1, y1] = [x, y, x + width, y + height].map(|side| f64::from(side) * scale);
        egui::accesskit::Rect { x0, y0, x1, y1 }
    };
    Some((
        rect(outer.x(), outer.y(), outer.width(), outer.height()),
        rect(x + inner.x(), y + inner.y(), inner.width(), inner.height()),
    ))
}

/// Opens a link of the web, or writes a mail. Other kinds of addresses could start programs, so they are left alone.
fn open_address(url: String) {
    if ["https://", "http://", "mailto:"]
        .iter()
        .any(|kind| url.starts_with(kind))
    {
        later(move || {
            if let Err(error) =
                gtk::show_uri_on_window(gtk::Window::NONE, &url, gdk::ffi::GDK_CURRENT_TIME as u32)
            {
                let _ = writeln!(
                    std::io::stderr(),
                    "aloft-desktop: {url} could not be opened: {error}"
                );
            }
        });
    }
}

/// What the window system fills new parts of a window with until they are painted.
fn set_background(window: &gdk::Window, color: &gdk::RGBA) {
    use glib::translate::ToGlibPtr as _;
    // SAFETY: both pointers are valid for the call, on the main thread; GDK copies the colour.
    #[expect(
        unsafe_code,
        reason = "the binding leaves this function out because later versions deprecate it"
    )]
    unsafe {
        gdk::ffi::gdk_window_set_background_rgba(window.to_glib_none().0, color.to_glib_none().0);
    }
}
