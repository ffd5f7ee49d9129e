//! Launches on the processor, for the tests: the kernels compiled by the system's C++ compiler together with
//! kernels/emulated.h, which stands in for CUDA.

use super::launch::{Launch, Operand};
use candle_core::{CpuStorage, Device, Layout, Result, Storage, bail};
use libloading::Library;
use std::{
    cell::Cell,
    ffi::c_void,
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, OnceLock, PoisonError},
};

thread_local! {
    static TURNS: Cell<Option<Turns>> = const { Cell::new(None) };
    static LAUNCHES: Cell<usize> = const { Cell::new(0) };
}

/// In which order the threads of a block run between two points at which they wait for each other. Where it matters, they
/// should have waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turns {
    /// The first one first.
    Forwards,
    /// The last one first.
    Backwards,
}

/// Numbers behind a result, which no kernel may touch.
const MARGIN: usize = 64;
const UNTOUCHED: f32 = 1.5e33;

/// Where tests run kernels: on the first GPU, in a build with CUDA on a machine with one, and else on the processor.
pub fn device() -> Device {
    match cfg!(feature = "cuda") {
        true => Device::new_cuda(0).unwrap_or(Device::Cpu),
        false => Device::Cpu,
    }
}

/// How many kernels this thread has emulated.
pub fn launches() -> usize {
    LAUNCHES.get()
}

/// Whether this thread's ops on the CPU are to be those of a GPU.
pub fn is_on() -> bool {
    TURNS.get().is_some()
}

/// Runs with ops on the CPU as on a GPU.
pub fn on<T>(turns: Turns, run: impl FnOnce() -> T) -> T {
    TURNS.set(Some(turns));
    let result = run();
    TURNS.set(None);
    result
}

/// The result, so many numbers.
pub fn run(launch: &Launch, numbers: usize) -> Result<CpuStorage> {
    let mut result = vec![f32::NAN; numbers];
    result.resize(numbers + MARGIN, UNTOUCHED);
    write(launch, &[result.as_mut_ptr() as u64])?;
    assert!(
        result.drain(numbers..).all(|number| number == UNTOUCHED),
        "{} writes beyond its result",
        launch.kernel
    );
    Ok(CpuStorage::F32(result))
}

/// Where a tensor's numbers begin.
pub fn address_to_write(storage: &mut CpuStorage, layout: &Layout) -> Result<u64> {
    match storage {
        CpuStorage::F32(numbers) if layout.is_contiguous() => {
            Ok(numbers[layout.start_offset()..].as_mut_ptr() as u64)
        }
        _ => bail!("kernels write to contiguous tensors of f32"),
    }
}

/// Runs a launch that writes to these addresses.
#[allow(
    unsafe_code,
    reason = "the kernels are another program; whoever calls this is the test of them"
)]
pub fn write(launch: &Launch, written: &[u64]) -> Result<()> {
    type Kernel = extern "C" fn(*const u32, *const *const c_void, u32, bool) -> i32;
    // The emulator is one program with one set of threads.
    static RUNNING: Mutex<()> = Mutex::new(());
    let _running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    LAUNCHES.set(LAUNCHES.get() + 1);
    let backwards = TURNS.get() == Some(Turns::Backwards);
    let mut arguments = written.to_vec();
    let mut held = Vec::new();
    for operand in &launch.operands {
        match operand {
            Operand::Bits(bits) => arguments.push(*bits),
            Operand::Tensor(tensor) => {
                let (storage, layout) = tensor.storage_and_layout();
                arguments.push(match &*storage {
                    Storage::Cpu(CpuStorage::F32(numbers)) => {
                        numbers[layout.start_offset()..].as_ptr() as u64
                    }
                    Storage::Cpu(CpuStorage::U32(numbers)) => {
                        numbers[layout.start_offset()..].as_ptr() as u64
                    }
                    _ => bail!("{} reads f32 and u32", launch.kernel),
                });
                held.push(storage);
            }
        }
    }
    let pointers: Vec<*const c_void> = arguments
        .iter()
        .map(|argument| std::ptr::from_ref(argument).cast())
        .collect();
    let [blocks, threads] = [launch.grid.blocks, launch.grid.threads];
    assert!(
        threads[0] * threads[1] <= 256,
        "{}: threads of a block",
        launch.kernel
    );
    let shape = [blocks[0], blocks[1], threads[0], threads[1]].map(|size| u32::try_from(size).unwrap());
    // SAFETY: the function is that of kernels/emulated.h and has this signature. What the pointers point to lives until it
    // returns; that kernels stay within it is what the tests are about.
    let status = unsafe {
        let name = format!("emulated_{}", launch.kernel);
        let kernel = library().get::<Kernel>(name.as_bytes()).unwrap();
        kernel(
            shape.as_ptr(),
            pointers.as_ptr(),
            pointers.len() as u32,
            backwards,
        )
    };
    match status {
        0 => Ok(()),
        1 => panic!("{} has not {} parameters", launch.kernel, arguments.len()),
        _ => panic!("{}: threads wait for others that have ended", launch.kernel),
    }
}

/// The kernels, compiled when they have changed.
#[allow(
    unsafe_code,
    reason = "a library is loaded by its constructors, which these kernels have none of"
)]
fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels");
        let mut sources: Vec<PathBuf> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        sources.sort();
        let mut hasher = DefaultHasher::new();
        let mut program = String::from("#include \"emulated.h\"\n#include \"kernels.cu\"\n");
        for source in sources {
            let text = fs::read_to_string(source).unwrap();
            text.hash(&mut hasher);
            for kernel in text.split("__global__ void ").skip(1) {
                let name = kernel.split('(').next().unwrap();
                program += &format!("EMULATED({name})\n");
            }
        }
        let out = Path::new(env!("OUT_DIR"));
        // Tests are processes of their own, which all want it at once.
        let lock = File::create(out.join("emulated.lock")).unwrap();
        lock.lock().unwrap();
        let library = out.join(format!("emulated-{:016x}.so", hasher.finish()));
        if !library.exists() {
            let source = out.join("emulated.cc");
            fs::write(&source, program).unwrap();
            let made = out.join("emulated.so");
            let status = Command::new("c++")
                .args(["-std=c++17", "-O1", "-shared", "-fPIC", "-I"])
                .arg(&folder)
                .arg(&source)
                .arg("-o")
                .arg(&made)
                .status()
                .expect("a C++ compiler, as scripts/install installs it");
            assert!(status.success(), "the kernels don't compile");
            fs::rename(&made, &library).unwrap();
        }
        // SAFETY: see above.
        unsafe { Library::new(&library).unwrap() }
    })
}
