//! Writes the man pages to `docs/man`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/man");
    for (name, text) in landline_tests::man_pages::pages()? {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}
