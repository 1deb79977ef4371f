mod batches;
mod files;
mod older;

use tempfile::TempDir;

use super::*;

crate::store_conformance!(fresh());

mod without_sync {
    use super::*;

    crate::store_conformance!({
        let directory = tempfile::tempdir().unwrap();
        let options = SqliteOptions { durability: Durability::Normal };
        (SqliteStore::open(path(&directory), options).unwrap(), directory)
    });
}

fn fresh() -> (SqliteStore, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (open(&directory).unwrap(), directory)
}

fn path(directory: &TempDir) -> PathBuf {
    directory.path().join("runs.db")
}

fn open(directory: &TempDir) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path(directory), SqliteOptions::default())
}
