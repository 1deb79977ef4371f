use super::*;
use crate::store::MemoryStore;

crate::store_conformance!((FaultyStore::new(Arc::new(MemoryStore::default()), 1, 0), ()));
