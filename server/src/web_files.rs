//! The files of the web page, which are a part of the program, with what HTTP tells about them.
//!
//! A new file is a row of [`EMBEDDED`]. Its type follows from its ending. All files are shortened, digested and compressed
//! once, at the first request: a class that opens the page at once shares one Wi-Fi.

use flate2::Compression;
use flate2::write::GzEncoder;
use ring::digest::{Context, SHA256, digest};
use std::io::Write;
use std::sync::LazyLock;

/// The file that the server completes before it sends it.
const TEMPLATE: &str = "index.html";
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
    "model/receive.js"
    "model/room.js"
    "model/sending.js"
    "model/session.js"
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

/// The type of a file by its ending.
const TYPES: &[(&str, &str)] = &[
    ("css", "text/css; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("ico", "image/x-icon"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("webmanifest", "application/manifest+json"),
];

/// A file of the page.
#[derive(Debug)]
pub struct WebFile {
    /// The path in `server/web/`.
    name: &'static str,
    /// The type, with the character set of a text.
    pub content_type: &'static str,
    /// The bytes: of scripts and styles without whole-line comments and indentation.
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
    let file = |(name, content): &(&'static str, &'static [u8])| {
        let content = shortened(name, content);
        WebFile {
            name,
            content_type: type_of(name).unwrap_or("application/octet-stream"),
            gzip: compress(&content, Compression::best()),
            digest: digest_of(&content),
            content,
        }
    };
    WebFiles { files: EMBEDDED.iter().map(file).collect(), digest: hexadecimal(page.finish().as_ref()) }
});

/// Returns the file at a path of the web port: `/style.css`. The page itself is a template and not among them.
#[must_use]
pub fn find(path: &str) -> Option<&'static WebFile> {
    let name = path.strip_prefix('/')?;
    WEB_FILES.files.iter().find(|file| file.name == name && name != TEMPLATE)
}

/// Returns the template of the page.
#[must_use]
pub fn template() -> &'static str {
    let bytes = EMBEDDED.iter().find(|(name, _)| *name == TEMPLATE).map_or(&[][..], |(_, bytes)| bytes);
    // A test checks that it is UTF-8.
    std::str::from_utf8(bytes).unwrap_or_default()
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

/// Compresses bytes that are made for one request, in little time.
#[must_use]
pub fn compress_quickly(bytes: &[u8]) -> Vec<u8> {
    compress(bytes, Compression::fast())
}

/// Returns a script or a style without whole-line comments and indentation, and any other file as it is. A line of a script
/// must not begin inside of a text; a test checks that.
fn shortened(name: &str, content: &[u8]) -> Vec<u8> {
    let is_source = name.ends_with(".js") || name.ends_with(".css");
    let Some(text) = std::str::from_utf8(content).ok().filter(|_| is_source) else { return content.to_vec() };
    let mut short = Vec::with_capacity(content.len());
    let mut is_in_comment = false;
    for line in text.lines().map(str::trim) {
        let is_comment = is_in_comment || line.starts_with("/*");
        if is_comment {
            is_in_comment = !line.ends_with("*/");
        } else if !line.is_empty() && !line.starts_with("//") {
            short.extend_from_slice(line.as_bytes());
            short.push(b'\n');
        }
    }
    short
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

fn type_of(name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    TYPES.iter().find(|(known, _)| *known == ending).map(|(_, content_type)| *content_type)
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
    fn every_file_of_the_folder_is_embedded_with_a_type() {
        let mut folder = files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("web"), "");
        folder.sort();
        let embedded: Vec<&str> = EMBEDDED.iter().map(|(name, _)| *name).collect();
        assert_eq!(embedded, folder, "the rows of EMBEDDED, sorted, against the files of server/web");
        for name in embedded {
            assert!(type_of(name).is_some(), "{name} has no type: add one to TYPES");
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

    #[test]
    fn comments_and_indentation_are_not_sent() {
        let script =
            "// What it does.\n/** One line. */\n/**\n * Two\n * lines.\n */\nexport const a = `b` + // kept\n\n  1;\n";
        assert_eq!(shortened("a.js", script.as_bytes()), b"export const a = `b` + // kept\n1;\n");
        assert_eq!(shortened("a.css", b"/* One */\na {\n  color: red;\n}\n"), b"a {\ncolor: red;\n}\n");
        assert_eq!(shortened("a.svg", b"  <svg/>"), b"  <svg/>");
    }

    #[test]
    fn no_text_of_a_script_has_several_lines_and_no_comment_shares_its_line() {
        for (name, content) in EMBEDDED.iter().filter(|(name, _)| name.ends_with(".js")) {
            for line in std::str::from_utf8(content).unwrap().lines() {
                assert!(
                    line.replace("```", "").matches('`').count() % 2 == 0,
                    "{name}: write a lone backtick as \\x60: {line}"
                );
                assert!(!line.trim().starts_with("/*") || line.matches("*/").count() <= 1, "{name}: {line}");
                assert!(
                    !line.trim().starts_with("/*") || !line.contains("*/") || line.ends_with("*/"),
                    "{name}: {line}"
                );
            }
        }
    }

    /// On a network of 10 Mbit/s, thirty visitors wait for every kilobyte of this.
    #[test]
    fn the_page_is_small() {
        let sizes: usize = WEB_FILES.files.iter().map(|file| file.gzip.len()).sum();
        assert!(sizes <= 60_000, "the page has {sizes} bytes, compressed");
    }

    #[test]
    fn paths_are_found_exactly() {
        assert_eq!(find("/main.js").unwrap().content_type, "text/javascript; charset=utf-8");
        for path in ["main.js", "//main.js", "/main.js/", "/Main.js", "/", "", "/index.html", "/../Cargo.toml"] {
            assert!(find(path).is_none(), "{path}");
        }
        assert_eq!(page_digest().len(), 2 * DIGEST_BYTES);
    }
}
