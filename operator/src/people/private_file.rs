//! Files that only their owner can read.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// A file that is written beside its place, and put there when it is whole.
pub(super) struct PrivateFile {
    pub file: File,
    part: PathBuf,
    path: PathBuf,
    overwrites: bool,
}

impl PrivateFile {
    /// Begins a file. It fails if there is one, unless it `overwrites`. What an interrupted run left
    /// beside it is written anew.
    pub fn begin(path: &Path, overwrites: bool) -> io::Result<Self> {
        if !overwrites && path.try_exists()? {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "it exists (--overwrite replaces it)",
            ));
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        // Not what is there, which others may be able to read.
        match fs::remove_file(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&part)?;
        Ok(Self { file, part, path: path.to_owned(), overwrites })
    }

    /// Puts the file in its place.
    pub fn finish(self) -> io::Result<()> {
        self.file.sync_all()?;
        if self.overwrites {
            fs::rename(&self.part, &self.path)
        } else {
            // Unlike a rename, this fails if there is a file now.
            fs::hard_link(&self.part, &self.path)
        }
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        // A renamed file isn't there any more. If it can't be deleted, it is still private.
        let _ = fs::remove_file(&self.part);
    }
}
