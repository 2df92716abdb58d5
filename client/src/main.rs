//! `landline`: everything is in the library, which the man page is made from as well.

use std::process::ExitCode;

fn main() -> ExitCode {
    landline::main()
}
