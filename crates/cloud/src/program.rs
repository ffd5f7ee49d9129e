//! What a Linux program needs of a machine, read from the program itself.

use std::path::Path;

/// `x86_64 and glibc 2.36 or newer`, for the hint when a program doesn't run somewhere.
pub(crate) fn needs(program: &Path) -> String {
    match std::fs::read(program) {
        Ok(bytes) => describe(&bytes),
        Err(_) => "another machine".into(),
    }
}

fn describe(bytes: &[u8]) -> String {
    if !bytes.starts_with(b"\x7fELF") {
        return "a Linux machine with what its first line names".into();
    }
    // e_machine, two bytes at offset 18; all machines that matter here are little-endian.
    let machine = match bytes.get(18..20) {
        Some([0x3e, 0]) => "x86_64",
        Some([0xb7, 0]) => "aarch64",
        Some([0xf3, 0]) => "riscv64",
        _ => "another processor",
    };
    match newest_glibc(bytes) {
        Some((major, minor)) => format!("{machine} and glibc {major}.{minor} or newer"),
        None => machine.into(),
    }
}

/// The newest version of the C library that the program's table of symbol versions names (`GLIBC_2.36`).
fn newest_glibc(bytes: &[u8]) -> Option<(u32, u32)> {
    const MARK: &[u8] = b"GLIBC_";
    bytes
        .windows(MARK.len())
        .enumerate()
        .filter(|(_, window)| *window == MARK)
        .filter_map(|(at, _)| version(&bytes[at + MARK.len()..]))
        .max()
}

fn version(bytes: &[u8]) -> Option<(u32, u32)> {
    let end = bytes
        .iter()
        .position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
    let text = std::str::from_utf8(bytes.get(..end.min(16))?).ok()?;
    let mut numbers = text.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_elf_program_says_what_it_needs() {
        let mut program = vec![0_u8; 64];
        program[..4].copy_from_slice(b"\x7fELF");
        program[18] = 0xb7;
        assert_eq!(describe(&program), "aarch64");
        program.extend_from_slice(b"\0GLIBC_2.4\0GLIBC_2.36\0GLIBC_2.17\0GLIBC_PRIVATE\0");
        assert_eq!(describe(&program), "aarch64 and glibc 2.36 or newer");
        assert!(describe(b"#!/bin/sh\n").contains("first line"));
    }

    #[test]
    fn this_test_program_can_be_read() {
        let own = needs(&std::env::current_exe().unwrap());
        assert!(own.starts_with(std::env::consts::ARCH), "{own}");
    }
}
