use super::*;

crate::store_conformance!((MemoryStore::default(), ()));
