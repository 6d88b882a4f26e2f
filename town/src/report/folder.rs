//! The folder of a report.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{FORMAT, Report, page};

/// The files of a report.
const JSON: &str = "report.json";
const HTML: &str = "report.html";

/// Why a report can't be written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("--report {0} has something else in it than a report: choose another folder")]
    Taken(PathBuf),
    #[error("--report {0} can't be read: {1}")]
    Read(PathBuf, #[source] std::io::Error),
    #[error("--report {0} can't be written: {1}")]
    Write(PathBuf, #[source] std::io::Error),
}

/// A folder for a report, which holds nothing else.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Creates the folder, or takes one that is empty or has an earlier report in it.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let read = |error| FolderError::Read(path.to_owned(), error);
        match std::fs::read_dir(path) {
            Ok(mut entries) => {
                let is_free = entries.all(|entry| entry.is_ok_and(|entry| is_ours(&entry.path())));
                if !is_free {
                    return Err(FolderError::Taken(path.to_owned()));
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let write = |error| FolderError::Write(path.to_owned(), error);
                std::fs::create_dir_all(path).map_err(write)?;
            }
            Err(error) if error.kind() == ErrorKind::NotADirectory => {
                return Err(FolderError::Taken(path.to_owned()));
            }
            Err(error) => return Err(read(error)),
        }
        Ok(Self(path.to_owned()))
    }

    /// Writes both files. Returns where the page is.
    ///
    /// # Errors
    /// [`FolderError::Write`].
    pub fn write(&self, report: &Report) -> Result<PathBuf, FolderError> {
        let (json, html) = (self.0.join(JSON), self.0.join(HTML));
        let write = |path: &Path, text: String| {
            std::fs::write(path, text).map_err(|error| FolderError::Write(path.to_owned(), error))
        };
        write(&json, to_json(report) + "\n")?;
        write(&html, page::page(report))?;
        Ok(html)
    }
}

/// Returns a report as JSON, in lines.
pub fn to_json(report: &Report) -> String {
    serde_json::to_string_pretty(report).expect("its keys are texts")
}

/// Returns whether a file is one that a report has written.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let is_named = matches!(name, Some(JSON | HTML));
    is_named && std::fs::read_to_string(path).is_ok_and(|text| text.contains(FORMAT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report;

    #[test]
    fn a_report_replaces_a_report_and_nothing_else() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("deep/report");
        let page = Folder::open(&path).expect("it is new").write(&report()).expect("it is written");
        assert_eq!(page, path.join("report.html"));
        Folder::open(&path).expect("it has a report").write(&report()).expect("it is replaced");

        let text = std::fs::read_to_string(path.join("report.json")).expect("it is there");
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(json["format"], FORMAT);

        for (name, content) in
            [("notes.txt", "mine"), ("report.html", "mine"), ("report.json", "{}")]
        {
            let other = place.path().join(name.replace('.', "-"));
            std::fs::create_dir(&other).expect("a folder");
            std::fs::write(other.join(name), content).expect("a file");
            assert!(matches!(Folder::open(&other), Err(FolderError::Taken(_))), "{name}");
            let kept = std::fs::read_to_string(other.join(name)).expect("it is there");
            assert_eq!(kept, content, "{name}");
        }
        let file = place.path().join("file");
        std::fs::write(&file, "mine").expect("a file");
        assert!(matches!(Folder::open(&file), Err(FolderError::Taken(_))));
    }
}
