//! The files of the web page, which are a part of the program, with what HTTP tells about them.
//!
//! A new file is a row of [`EMBEDDED`]. The browser gets three: the page, its style and one script of all modules. They are
//! made, digested and compressed once, at the first request.

mod bundle;
mod kept;

use bundle::{bundle, shortened};
use flate2::Compression;
use flate2::write::GzEncoder;
use kept::Kept;
use landline_common::qr::QrCode;
use ring::digest::{Context, SHA256, digest};
use std::io::Write;
use std::sync::{Arc, LazyLock};

/// The file that the server completes before it sends it.
const TEMPLATE: &str = "index.html";
/// The module that starts the page. The browser gets it with all modules that it imports.
const ENTRY: &str = "main.js";
/// Bytes of SHA-256 that a digest shows: enough that no two versions of a page have the same one.
const DIGEST_BYTES: usize = 16;

/// Makes the table of files from their paths in `server/web/`.
macro_rules! embed {
    ($( $path:literal )+) => { &[ $( ($path, include_bytes!(concat!("../web/", $path))) ),+ ] };
}

/// The paths of all files in `server/web/`, with their bytes.
const EMBEDDED: &[(&str, &[u8])] = embed! {
    "browser.js"
    "connection.js"
    "index.html"
    "main.js"
    "model/history.js"
    "model/items.js"
    "model/notices.js"
    "model/receive.js"
    "model/room.js"
    "model/sending.js"
    "model/session.js"
    "model/shape.js"
    "model/state.js"
    "model/text.js"
    "model/update.js"
    "model/writing.js"
    "strings.js"
    "style.css"
    "view/app.js"
    "view/bars.js"
    "view/composer.js"
    "view/dom.js"
    "view/join.js"
    "view/list.js"
    "view/menus.js"
    "view/panels.js"
    "view/settings.js"
    "view/sides.js"
    "view/signs.js"
};

/// A file of the page.
#[derive(Debug)]
pub struct WebFile {
    /// The path, without a slash.
    name: &'static str,
    /// The type, with the character set of a text.
    pub content_type: &'static str,
    /// The bytes.
    pub content: Vec<u8>,
    /// The bytes, compressed by gzip.
    pub gzip: Vec<u8>,
    /// The digest of the bytes, in hexadecimal digits.
    pub digest: String,
}

/// All files, with the digest of the whole page.
struct WebFiles {
    files: Vec<WebFile>,
    digest: String,
}

static WEB_FILES: LazyLock<WebFiles> = LazyLock::new(|| {
    let mut page = Context::new(&SHA256);
    for (name, content) in EMBEDDED {
        page.update(digest_of(name.as_bytes()).as_bytes());
        page.update(digest_of(content).as_bytes());
    }
    let sources = |ending: &str| -> Vec<(&'static str, String)> {
        let files = EMBEDDED.iter().filter(|(name, _)| name.ends_with(ending));
        files.map(|(name, bytes)| (*name, shortened(text(bytes)))).collect()
    };
    let script = file(ENTRY, "text/javascript; charset=utf-8", bundle(&sources(".js"), ENTRY));
    let styles = sources(".css").into_iter().map(|(name, style)| file(name, "text/css; charset=utf-8", style));
    WebFiles { files: styles.chain([script]).collect(), digest: hexadecimal(page.finish().as_ref()) }
});

fn file(name: &'static str, content_type: &'static str, content: String) -> WebFile {
    let content = content.into_bytes();
    let gzip = compress(&content, Compression::best());
    WebFile { name, content_type, gzip, digest: digest_of(&content), content }
}

/// Returns the text of a file. A test checks that it is UTF-8.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// Returns the file at a path of the web port: `/style.css`. The page itself is a template and not among them.
#[must_use]
pub fn find(path: &str) -> Option<&'static WebFile> {
    let name = path.strip_prefix('/')?;
    WEB_FILES.files.iter().find(|file| file.name == name)
}

/// Returns the template of the page.
#[must_use]
pub fn template() -> &'static str {
    EMBEDDED.iter().find(|(name, _)| *name == TEMPLATE).map_or("", |(_, bytes)| text(bytes))
}

/// Pictures that are kept: the rooms of a school, for a few addresses of the server.
const MOST_CODES: usize = 64;

/// The pictures by their addresses. A code costs 1 to 20 ms, and any web page can make a browser ask for one.
static CODES: LazyLock<Kept<WebFile, MOST_CODES>> = LazyLock::new(Kept::default);

/// Returns the picture of the QR code of an address, or `None` if the address is too long for one.
#[must_use]
pub fn qr_code(url: &str) -> Option<Arc<WebFile>> {
    CODES.get_or_make(url, || {
        let content = QrCode::new(url)?.to_svg().into_bytes();
        let (gzip, digest) = (compress_quickly(&content), digest_of(&content));
        Some(WebFile { name: "qr.svg", content_type: "image/svg+xml", gzip, digest, content })
    })
}

/// Returns the digest of all files, by which an open page learns that the server has another version of it.
#[must_use]
pub fn page_digest() -> &'static str {
    &WEB_FILES.digest
}

/// Returns the first 32 hexadecimal digits of the SHA-256 of `bytes`.
#[must_use]
pub fn digest_of(bytes: &[u8]) -> String {
    hexadecimal(digest(&SHA256, bytes).as_ref())
}

/// Compressed pages that are kept: one for each name by which browsers come.
const MOST_PAGES: usize = 8;

/// The compressed pages by their digests. A page changes when a user comes or goes.
static PAGES: LazyLock<Kept<Vec<u8>, MOST_PAGES>> = LazyLock::new(Kept::default);

/// Returns a page in its compressed form. `digest`: that of `html`.
#[must_use]
pub fn compress_page(html: &str, digest: &str) -> Vec<u8> {
    let page = PAGES.get_or_make(digest, || Some(compress_quickly(html.as_bytes())));
    page.map_or_else(Vec::new, |page| page.to_vec())
}

/// Compresses bytes that are made for one request, in little time.
fn compress_quickly(bytes: &[u8]) -> Vec<u8> {
    compress(bytes, Compression::fast())
}

fn compress(bytes: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    // Cannot fail: a Vec takes everything.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().take(DIGEST_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read;
    use std::path::Path;

    /// Returns the paths of all files below `folder`.
    fn files_below(folder: &Path, prefix: &str) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
        let paths = entries.flat_map(|entry| {
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() { files_below(&entry.path(), &format!("{name}/")) } else { vec![name] }
        });
        paths.collect()
    }

    #[test]
    fn every_file_of_the_folder_is_embedded() {
        let mut folder = files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("web"), "");
        folder.sort();
        let embedded: Vec<&str> = EMBEDDED.iter().map(|(name, _)| *name).collect();
        assert_eq!(embedded, folder, "the rows of EMBEDDED, sorted, against the files of server/web");
        for (name, bytes) in EMBEDDED {
            assert!(!text(bytes).is_empty(), "{name} is no text");
            assert!([".js", ".css", TEMPLATE].iter().any(|end| name.ends_with(end)), "no request finds {name}");
        }
        assert!(template().starts_with("<!doctype html>"));
    }

    #[test]
    fn compressed_files_are_the_files() {
        for file in &WEB_FILES.files {
            let mut content = Vec::new();
            GzDecoder::new(&*file.gzip).read_to_end(&mut content).unwrap();
            assert!(content == file.content, "{}", file.name);
            assert_eq!(file.digest, digest_of(&file.content));
        }
    }

    /// On a network of 10 Mbit/s, thirty visitors wait for every kilobyte of this.
    #[test]
    fn the_page_is_small() {
        let files: usize = WEB_FILES.files.iter().map(|file| file.gzip.len()).sum();
        let sizes = files + compress(template().as_bytes(), Compression::best()).len();
        assert!(sizes <= 60_000, "the page has {sizes} bytes, compressed");
    }

    #[test]
    fn paths_are_found_exactly() {
        assert_eq!(find("/main.js").unwrap().content_type, "text/javascript; charset=utf-8");
        for path in
            ["main.js", "//main.js", "/main.js/", "/Main.js", "/", "", "/index.html", "/strings.js", "/../Cargo.toml"]
        {
            assert!(find(path).is_none(), "{path}");
        }
        assert_eq!(page_digest().len(), 2 * DIGEST_BYTES);
    }
}
