//! What a program is started with, on its way to the helper: a file in memory that goes along with the order.
//!
//! ```text
//!  count of arguments, then name and arguments; count of variables, then each name and value; 1 if it needs
//!  CAP_NET_ADMIN, else 0; then its standard input
//! ```
//!
//! Numbers in little endian, texts behind their length. An order has room for little; a command line may have two
//! megabytes. What stands behind the texts is the program's input as it is: its end of the file begins there.

use super::starter::Program;
use crate::limits::SHEET_OCTETS;
use rustix::fs::{MemfdFlags, SeekFrom, memfd_create, seek};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Writes a sheet.
///
/// # Errors
/// E2BIG if it is larger than any program may be started with, or the system has no descriptor or memory for it.
pub fn write(program: &Program) -> io::Result<OwnedFd> {
    let octets = encode(program);
    if octets.len() > SHEET_OCTETS {
        return Err(io::Error::from_raw_os_error(libc::E2BIG));
    }
    let mut file = File::from(memfd_create("program", MemfdFlags::CLOEXEC)?);
    file.write_all(&octets)?;
    file.write_all(&program.input)?;
    seek(&file, SeekFrom::Start(0))?;
    Ok(file.into())
}

/// The program's input alone, to be read from its beginning.
///
/// # Errors
/// The system has no descriptor or memory for it.
pub fn input(program: &Program) -> io::Result<OwnedFd> {
    let mut file = File::from(memfd_create("input", MemfdFlags::CLOEXEC)?);
    file.write_all(&program.input)?;
    seek(&file, SeekFrom::Start(0))?;
    Ok(file.into())
}

/// Reads a sheet. The file is left where the program's input begins.
///
/// # Errors
/// It is no sheet, or can't be read.
pub fn read(sheet: OwnedFd) -> io::Result<(Program, OwnedFd)> {
    let mut file = File::from(sheet);
    let mut octets = Vec::new();
    Read::by_ref(&mut file).take(u64::try_from(SHEET_OCTETS).unwrap_or(u64::MAX)).read_to_end(&mut octets)?;
    let (program, rest) = decode(&octets).ok_or(io::ErrorKind::InvalidData)?;
    let begin = u64::try_from(octets.len() - rest).unwrap_or(u64::MAX);
    seek(&file, SeekFrom::Start(begin))?;
    Ok((program, file.into()))
}

/// The program without its input, as octets.
pub fn encode(program: &Program) -> Vec<u8> {
    let mut octets = Vec::new();
    number(&mut octets, program.arguments.len());
    text(&mut octets, &program.name);
    for argument in &program.arguments {
        text(&mut octets, argument);
    }
    number(&mut octets, program.environment.len());
    for (name, value) in &program.environment {
        text(&mut octets, name);
        text(&mut octets, value);
    }
    number(&mut octets, usize::from(program.needs_net_admin));
    octets
}

/// Reads a program, and tells how many octets are left. None: it is none.
pub fn decode(octets: &[u8]) -> Option<(Program, usize)> {
    let mut rest = octets;
    let arguments = take_number(&mut rest)?;
    let name = take_text(&mut rest)?;
    let arguments = (0..arguments).map(|_| take_text(&mut rest)).collect::<Option<_>>()?;
    let variables = take_number(&mut rest)?;
    let variable = |rest: &mut &[u8]| Some((take_text(rest)?, take_text(rest)?));
    let environment = (0..variables).map(|_| variable(&mut rest)).collect::<Option<_>>()?;
    let needs_net_admin = match take_number(&mut rest)? {
        0 => false,
        1 => true,
        _ => return None,
    };
    Some((Program { name, arguments, environment, input: Vec::new(), needs_net_admin }, rest.len()))
}

fn number(octets: &mut Vec<u8>, number: usize) {
    // One that is longer is larger than a sheet may be.
    octets.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
}

fn text(octets: &mut Vec<u8>, text: &OsStr) {
    number(octets, text.len());
    octets.extend_from_slice(text.as_bytes());
}

fn take_number(rest: &mut &[u8]) -> Option<u32> {
    let (taken, left) = rest.split_at_checked(4)?;
    *rest = left;
    Some(u32::from_le_bytes(taken.try_into().ok()?))
}

fn take_text(rest: &mut &[u8]) -> Option<OsString> {
    let length = usize::try_from(take_number(rest)?).ok()?;
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(OsString::from_vec(taken.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_input_is_what_is_left_of_the_file() {
        let program = Program {
            name: "mail".into(),
            arguments: vec!["-s".into(), "".into()],
            environment: vec![("OCO_NAME".into(), "web/oco".into())],
            input: b"web1\n".to_vec(),
            needs_net_admin: true,
        };
        let (read, input) = read(write(&program).unwrap()).unwrap();
        assert_eq!(read, Program { input: Vec::new(), ..program });
        let mut left = String::new();
        File::from(input).read_to_string(&mut left).unwrap();
        assert_eq!(left, "web1\n");
    }

    #[test]
    fn what_no_program_can_have_is_refused() {
        let program = Program { name: "x".repeat(SHEET_OCTETS).into(), ..Program::default() };
        assert_eq!(write(&program).unwrap_err().raw_os_error(), Some(libc::E2BIG));
        for octets in [
            &b""[..],
            &[1, 0, 0, 0],
            &[0, 0, 0, 0, 255, 255, 255, 255],
            &[255; 12],
            &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0],
        ] {
            assert_eq!(decode(octets), None);
        }
    }

    proptest! {
        #[test]
        fn any_program_is_read_back(
            name: Vec<u8>,
            arguments: Vec<Vec<u8>>,
            environment: Vec<(Vec<u8>, Vec<u8>)>,
            needs_net_admin: bool,
            rest: Vec<u8>,
        ) {
            let os = OsString::from_vec;
            let program = Program {
                name: os(name),
                arguments: arguments.into_iter().map(os).collect(),
                environment: environment.into_iter().map(|(name, value)| (os(name), os(value))).collect(),
                input: Vec::new(),
                needs_net_admin,
            };
            let octets = [encode(&program), rest.clone()].concat();
            prop_assert_eq!(decode(&octets), Some((program, rest.len())));
        }

        #[test]
        fn whatever_is_read_is_what_would_be_written(octets in proptest::collection::vec(0u8..4, 0..60)) {
            if let Some((program, rest)) = decode(&octets) {
                prop_assert_eq!(encode(&program), &octets[..octets.len() - rest]);
            }
        }
    }
}
