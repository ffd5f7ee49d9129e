//! GL's functions for egui's painter, found through libepoxy: GTK itself uses it, for GL and GLES, on X11 and Wayland.

use glow::HasContext as _;
use libloading::Library;
use std::ffi::c_void;
use std::sync::Arc;

/// A painter for the GL context that is current.
///
/// # Errors
/// libepoxy is missing, or the driver offers less than OpenGL 2.1 or OpenGL ES 2.
pub fn painter() -> Result<egui_glow::Painter, String> {
    let epoxy = open()?;
    // SAFETY: the caller made the area's GL context current, and `function` returns functions of that context with
    // the signatures that glow expects, or null for those that libepoxy doesn't know.
    #[expect(unsafe_code, reason = "glow can only be made from raw function pointers")]
    let gl = unsafe { glow::Context::from_loader_function(|name| function(&epoxy, name)) };
    // The library stays loaded for as long as the process: the painter keeps pointers into it, and GTK holds it anyway.
    std::mem::forget(epoxy);
    let version = gl.version();
    if version.major < 2 {
        return Err(format!(
            "OpenGL {}.{} is too old, 2.1 is needed",
            version.major, version.minor
        ));
    }
    egui_glow::Painter::new(Arc::new(gl), "", None, false).map_err(|error| error.to_string())
}

fn open() -> Result<Library, String> {
    // SAFETY: libepoxy has no constructor that could misbehave, and GTK has loaded it into this process before.
    #[expect(unsafe_code, reason = "a library's constructors run when it is loaded")]
    let library = unsafe { Library::new("libepoxy.so.0") };
    library.map_err(|error| format!("libepoxy: {error}"))
}

/// The function `name`, as `glClear`. libepoxy keeps each in a variable `epoxy_glClear` that points at a resolver until
/// the first call; both have the signature of the function.
fn function(epoxy: &Library, name: &str) -> *const c_void {
    let symbol = format!("epoxy_{name}\0");
    // SAFETY: libepoxy's symbols of this form are variables that hold a function pointer, set when it is linked.
    #[expect(unsafe_code, reason = "the type of a symbol is not known to the linker")]
    unsafe {
        match epoxy.get::<*const *const c_void>(symbol.as_bytes()) {
            Ok(variable) => **variable,
            Err(_) => std::ptr::null(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_functions_of_gl_and_only_those() {
        let epoxy = open().unwrap();
        assert!(!function(&epoxy, "glClear").is_null());
        assert!(!function(&epoxy, "glGenVertexArrays").is_null());
        assert!(function(&epoxy, "glNoSuchFunction").is_null());
    }
}
