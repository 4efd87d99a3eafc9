//! A folder for the length of one run: logs, scripts and, where none is given, the database.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use uuid::Uuid;

/// Removed with all it holds, whatever happens.
#[derive(Debug)]
pub struct TemporaryFolder {
    /// Where it is.
    pub path: PathBuf,
}

impl TemporaryFolder {
    /// Makes an empty one that only its owner can read.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make() -> Result<Self> {
        let name = format!("stockroom-bench-{}", Uuid::from_u128(rand::random()).simple());
        let path = std::env::temp_dir().join(name);
        make_private(&path).with_context(|| format!("{} cannot be made", path.display()))?;
        Ok(Self { path })
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // It lies where the system cleans up by itself.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[cfg(unix)]
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_private(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir(path)
}
