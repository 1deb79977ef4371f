use super::*;

crate::store_conformance!({
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("runs.db");
    (SqliteStore::open(path, SqliteOptions::default()).unwrap(), directory)
});
