//! The program `landline`. All code is in the library, so that the man page can be generated from it.

use std::process::ExitCode;

fn main() -> ExitCode {
    landline::main()
}
