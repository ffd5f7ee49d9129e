//! Whether runs can compute on an NVIDIA GPU here: a GPU that the driver counts, and the program that is built for it.
//!
//! A program that is linked with CUDA doesn't start where CUDA isn't, so `aloft` isn't, and a second build of it is:
//! `aloft-cuda`, beside it. The driver is asked through its library, which is loaded when it is needed and not before.

use libloading::Library;
use serde::Serialize;
use std::{
    ffi::{CStr, OsStr, c_char, c_int, c_uint},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The driver's library.
const DRIVER: &str = "libcuda.so.1";
/// The program that is built for CUDA.
const PROGRAM: &str = "aloft-cuda";

/// A GPU as its driver tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gpu {
    /// `NVIDIA H200`.
    pub name: String,
    /// Its own memory.
    pub memory_bytes: u64,
}

/// What was looked for, and what was found of it; what wasn't found with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cuda {
    /// GPUs, one at the least.
    pub gpus: Result<Vec<Gpu>, String>,
    /// `aloft-cuda`, of this version, and started once.
    pub program: Result<PathBuf, String>,
}

impl Cuda {
    /// Whether there is an `aloft-cuda` at all; without one there is no reason to wake a GPU's driver.
    pub fn is_built() -> bool {
        std::env::current_exe().is_ok_and(|current| current.with_file_name(PROGRAM).is_file())
    }

    /// Looks for a GPU, and for `aloft-cuda` beside this program. Loads the driver into this process: not one for a window.
    pub fn look() -> Self {
        Self {
            gpus: gpus(OsStr::new(DRIVER)),
            program: match std::env::current_exe() {
                Ok(current) => program_beside(&current),
                Err(error) => Err(format!("where this program lies isn't known: {error}")),
            },
        }
    }

    /// The program and the first GPU, where runs can compute on it.
    pub fn ready(&self) -> Option<(&Path, &Gpu)> {
        Some((self.program.as_ref().ok()?, self.gpus.as_ref().ok()?.first()?))
    }

    /// What was found and what wasn't, in one line.
    pub fn told(&self) -> String {
        let gpus = match &self.gpus {
            Ok(gpus) => {
                let names: Vec<&str> = gpus.iter().map(|gpu| gpu.name.as_str()).collect();
                format!("the driver has {}", names.join(", "))
            }
            Err(why) => why.clone(),
        };
        match &self.program {
            Ok(path) => format!("{gpus}; {PROGRAM}: {}", path.display()),
            Err(why) => format!("{gpus}; {why}"),
        }
    }
}

/// `aloft-cuda` in the folder of a program.
fn program_beside(current: &Path) -> Result<PathBuf, String> {
    let path = current.with_file_name(PROGRAM);
    if !path.is_file() {
        return Err(format!("{PROGRAM}: not found at {}", path.display()));
    }
    // It needs CUDA's libraries before its first line: whether it finds them is only known by starting it.
    let ended = Command::new(&path)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{PROGRAM}: {} can't be started: {error}", path.display()))?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if !ended.status.success() {
        let why = said(&ended.stderr);
        let last = why.lines().next_back().unwrap_or("it said nothing").to_owned();
        return Err(format!("{PROGRAM}: {} doesn't start: {last}", path.display()));
    }
    let expected = format!("aloft {}", env!("CARGO_PKG_VERSION"));
    match said(&ended.stdout) {
        version if version == expected => Ok(path),
        version => Err(format!(
            "{PROGRAM}: {} is `{version}` and this program is `{expected}`; build it again with scripts/cuda",
            path.display()
        )),
    }
}

/// The GPUs that the driver in this library counts, one at the least, or why there are none.
fn gpus(library: &OsStr) -> Result<Vec<Gpu>, String> {
    let name = library.to_string_lossy();
    let gpus = Driver::load(library).and_then(|driver| driver.gpus());
    let gpus = gpus.map_err(|why| format!("{name}: {why}"))?;
    match gpus.is_empty() {
        true => Err(format!("{name}: the driver counts no GPU")),
        false => Ok(gpus),
    }
}

/// The functions of cuda.h that count GPUs (CUDA driver API, the same since version 3.2). Each returns 0 when it succeeds.
/// They are valid as long as the library is loaded.
struct Driver {
    init: unsafe extern "C" fn(flags: c_uint) -> c_int,
    count: unsafe extern "C" fn(count: *mut c_int) -> c_int,
    get: unsafe extern "C" fn(device: *mut c_int, ordinal: c_int) -> c_int,
    name: unsafe extern "C" fn(name: *mut c_char, length: c_int, device: c_int) -> c_int,
    memory: unsafe extern "C" fn(bytes: *mut usize, device: c_int) -> c_int,
    _library: Library,
}

impl Driver {
    #[expect(
        unsafe_code,
        reason = "functions of a C library that may not be there; tested against a library with the same functions"
    )]
    fn load(library: &OsStr) -> Result<Self, String> {
        // SAFETY: the driver's initializers are made to run in any process, and the path is its name or that of a test's.
        let library = unsafe { Library::new(library) }.map_err(|error| format!("not found: {error}"))?;
        let missing = |error: libloading::Error| error.to_string();
        // SAFETY: the types are those of cuda.h. A missing function is an error here, and none is called after the library
        // is gone, which lives as long as they do.
        unsafe {
            Ok(Self {
                init: *library.get(b"cuInit\0").map_err(missing)?,
                count: *library.get(b"cuDeviceGetCount\0").map_err(missing)?,
                get: *library.get(b"cuDeviceGet\0").map_err(missing)?,
                name: *library.get(b"cuDeviceGetName\0").map_err(missing)?,
                memory: *library.get(b"cuDeviceTotalMem_v2\0").map_err(missing)?,
                _library: library,
            })
        }
    }

    #[expect(
        unsafe_code,
        reason = "calls of C functions; tested against a library with the same functions"
    )]
    fn gpus(&self) -> Result<Vec<Gpu>, String> {
        let done = |what: &str, status: c_int| match status {
            0 => Ok(()),
            100 => Err(format!("{what}: no device (CUDA_ERROR_NO_DEVICE)")),
            status => Err(format!("{what}: error {status}")),
        };
        // SAFETY: 0 is the one value that cuInit takes.
        done("cuInit", unsafe { (self.init)(0) })?;
        let mut devices = 0;
        // SAFETY: a pointer to an int that lives through the call; so are those below.
        done("cuDeviceGetCount", unsafe { (self.count)(&raw mut devices) })?;
        let gpu = |ordinal| {
            let (mut device, mut name, mut bytes) = (0, [0 as c_char; 256], 0);
            // SAFETY: a pointer to an int.
            done("cuDeviceGet", unsafe { (self.get)(&raw mut device, ordinal) })?;
            let length = name.len() as c_int - 1;
            // SAFETY: the driver writes at most `length` bytes, the zero at the end among them; the last of ours stays 0.
            let status = unsafe { (self.name)(name.as_mut_ptr(), length, device) };
            done("cuDeviceGetName", status)?;
            // SAFETY: a pointer to a size_t.
            done("cuDeviceTotalMem", unsafe {
                (self.memory)(&raw mut bytes, device)
            })?;
            // SAFETY: the array ends with a zero, see above.
            let name = unsafe { CStr::from_ptr(name.as_ptr()) };
            Ok(Gpu {
                name: name.to_string_lossy().into_owned(),
                memory_bytes: bytes as u64,
            })
        };
        (0..devices).map(gpu).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A library with the functions of the driver.
    fn driver(folder: &Path, defines: &[&str]) -> PathBuf {
        let source = folder.join("libcuda.c");
        fs::write(&source, include_str!("../tests/fixtures/libcuda.c")).unwrap();
        let library = folder.join(DRIVER);
        let ended = Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .args(defines)
            .status()
            .unwrap();
        assert!(ended.success());
        library
    }

    #[test]
    fn gpus_are_counted_by_the_driver() {
        let folder = tempfile::tempdir().unwrap();
        let library = driver(folder.path(), &[]);
        let expected = |name: &str, memory_bytes| Gpu {
            name: name.into(),
            memory_bytes,
        };
        assert_eq!(
            gpus(library.as_os_str()).unwrap(),
            [expected("Test GPU 0", 8 << 30), expected("Test GPU 1", 16 << 30)]
        );
    }

    #[test]
    fn why_there_is_no_gpu_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let why = |defines: &[&str]| {
            let folder = tempfile::tempdir_in(folder.path()).unwrap();
            gpus(driver(folder.path(), defines).as_os_str()).unwrap_err()
        };
        assert!(why(&["-DINIT=100"]).contains("cuInit: no device"));
        assert!(why(&["-DINIT=999"]).contains("cuInit: error 999"));
        assert!(why(&["-DCOUNT=0"]).ends_with("counts no GPU"));
        assert!(why(&["-DNO_MEMORY"]).contains("cuDeviceTotalMem_v2"));
        let absent = folder.path().join("absent.so");
        assert!(gpus(absent.as_os_str()).unwrap_err().contains("not found"));
    }

    #[test]
    fn a_program_of_this_version_that_starts_is_found_beside() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let current = folder.path().join("aloft");
        let write = |script: &str| {
            let path = folder.path().join(PROGRAM);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        };
        assert!(program_beside(&current).unwrap_err().contains("not found at"));
        write("echo 'error while loading shared libraries: libcublas.so.13' >&2; exit 127");
        assert!(
            program_beside(&current)
                .unwrap_err()
                .ends_with("libraries: libcublas.so.13")
        );
        write("echo aloft 0.0.1");
        assert!(program_beside(&current).unwrap_err().contains("is `aloft 0.0.1`"));
        write(&format!("echo aloft {}", env!("CARGO_PKG_VERSION")));
        let program = program_beside(&current).unwrap();
        assert_eq!(program, folder.path().join(PROGRAM));
        let gpu = Gpu {
            name: "Test GPU".into(),
            memory_bytes: 1,
        };
        let ready = Cuda {
            gpus: Ok(vec![gpu.clone()]),
            program: Ok(program.clone()),
        };
        assert_eq!(ready.ready(), Some((&*program, &gpu)));
        let without = Cuda {
            gpus: Err("libcuda.so.1: not found".into()),
            ..ready
        };
        assert_eq!(without.ready(), None);
        assert!(
            without
                .told()
                .starts_with("libcuda.so.1: not found; aloft-cuda: /")
        );
    }
}
