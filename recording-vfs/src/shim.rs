//! The functions that SQLite calls, which pass everything on to SQLite's own file system.
//!
//! The file system is SQLite's own in all but six functions. A file that is recorded keeps its
//! memory layout and gets another table of methods, so that the others need no wrappers.
#![expect(unsafe_code, reason = "SQLite calls its file system through C functions")]

use std::collections::BTreeMap;
use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use rusqlite::ffi::{
    SQLITE_IOERR_FSYNC, SQLITE_IOERR_WRITE, SQLITE_OK, SQLITE_OPEN_MAIN_DB, sqlite3_file,
    sqlite3_int64, sqlite3_io_methods, sqlite3_vfs, sqlite3_vfs_find, sqlite3_vfs_register,
};

use crate::{Inner, Operation, recorded};

/// SQLite's own file system.
struct Original(*mut sqlite3_vfs);

// SAFETY: SQLite calls its file system from any thread, and so may we.
unsafe impl Send for Original {}
// SAFETY: As above; the table itself is never changed.
unsafe impl Sync for Original {}

static ORIGINAL: OnceLock<Original> = OnceLock::new();

/// An open file that is recorded.
struct Open {
    inner: Arc<Inner>,
    name: String,
    /// SQLite's own methods for it.
    methods: &'static sqlite3_io_methods,
}

/// The open files that are recorded, by address.
static OPEN: Mutex<BTreeMap<usize, Arc<Open>>> = Mutex::new(BTreeMap::new());

/// SQLite's methods for files, but those that are recorded.
static METHODS: OnceLock<sqlite3_io_methods> = OnceLock::new();

/// Makes the shim the file system of all connections that are opened from here on.
pub(crate) fn install() {
    ORIGINAL.get_or_init(|| {
        // SAFETY: A null name asks for the default file system, which lives as long as the process.
        let original = unsafe { sqlite3_vfs_find(std::ptr::null()) };
        assert!(!original.is_null(), "SQLite has a file system");
        // SAFETY: It was just found, and a table of functions may be copied.
        let mut shim = unsafe { *original };
        shim.zName = c"recording".as_ptr();
        shim.pNext = std::ptr::null_mut();
        shim.xOpen = Some(open);
        shim.xDelete = Some(delete);
        let shim = Box::leak(Box::new(shim));
        // SAFETY: The table is never freed. The functions that were copied take no notice of which
        // table they are called through but for `pAppData`, which was copied too.
        let registered = unsafe { sqlite3_vfs_register(shim, 1) };
        assert_eq!(registered, SQLITE_OK, "SQLite takes the shim");
        Original(original)
    });
}

fn original() -> *mut sqlite3_vfs {
    ORIGINAL.get().map_or(std::ptr::null_mut(), |original| original.0)
}

/// Returns the path that SQLite passes; none for files without a name.
///
/// # Safety
///
/// `name` is null, or a C string that outlives the result.
unsafe fn path<'a>(name: *const c_char) -> Option<&'a Path> {
    if name.is_null() {
        return None;
    }
    // SAFETY: The caller promises it.
    let name = unsafe { CStr::from_ptr(name) };
    Some(Path::new(OsStr::from_bytes(name.to_bytes())))
}

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes a C string or null, which lives until the file is closed.
    let path = unsafe { path(name) };
    let is_new = path.is_some_and(|path| !path.exists());
    let vfs = original();
    // SAFETY: `install` found it before it registered this function.
    let Some(open) = (unsafe { (*vfs).xOpen }) else { return rusqlite::ffi::SQLITE_ERROR };
    // SAFETY: The arguments are SQLite's own, for its own function; `szOsFile` is unchanged.
    let answer = unsafe { open(vfs, name, file, flags, out_flags) };
    let Some((inner, name)) = path.and_then(recorded).filter(|_| answer == SQLITE_OK) else {
        return answer;
    };
    if is_new {
        let with_directory = flags & SQLITE_OPEN_MAIN_DB == 0;
        inner.push(Operation::Create { file: name.clone(), with_directory });
    }
    // SAFETY: An open file has methods, which are static in SQLite's own file system.
    let methods: &'static sqlite3_io_methods = unsafe { &*(*file).pMethods };
    let recording = METHODS.get_or_init(|| sqlite3_io_methods {
        xClose: Some(close),
        xWrite: Some(write),
        xTruncate: Some(truncate),
        xSync: Some(sync),
        ..*methods
    });
    OPEN.lock().insert(file.addr(), Arc::new(Open { inner, name, methods }));
    // SAFETY: SQLite gave us the file to fill in, and the table is never freed.
    unsafe { (*file).pMethods = recording };
    answer
}

unsafe extern "C" fn delete(_: *mut sqlite3_vfs, name: *const c_char, directory: c_int) -> c_int {
    let vfs = original();
    // SAFETY: `install` found it before it registered this function.
    let Some(delete) = (unsafe { (*vfs).xDelete }) else { return rusqlite::ffi::SQLITE_ERROR };
    // SAFETY: The arguments are SQLite's own, for its own function.
    let answer = unsafe { delete(vfs, name, directory) };
    // SAFETY: SQLite passes a C string that lives during the call.
    let path = unsafe { path(name) };
    if answer == SQLITE_OK
        && let Some((inner, file)) = path.and_then(recorded)
    {
        inner.push(Operation::Remove { file, with_directory: directory != 0 });
    }
    answer
}

/// Returns what is known of a file; only files that are recorded have our methods.
fn known(file: *mut sqlite3_file) -> Arc<Open> {
    Arc::clone(OPEN.lock().get(&file.addr()).expect("it was opened"))
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    let open = OPEN.lock().remove(&file.addr()).expect("it was opened");
    // SAFETY: The file gets back the methods that it was opened with, and is closed by them.
    unsafe {
        (*file).pMethods = open.methods;
        open.methods.xClose.map_or(rusqlite::ffi::SQLITE_ERROR, |close| close(file))
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    bytes: *const c_void,
    length: c_int,
    offset: sqlite3_int64,
) -> c_int {
    let open = known(file);
    let Some(write) = open.methods.xWrite else { return rusqlite::ffi::SQLITE_ERROR };
    if open.inner.fails() {
        return SQLITE_IOERR_WRITE;
    }
    // SAFETY: The arguments are SQLite's own, for its own function.
    let answer = unsafe { write(file, bytes, length, offset) };
    if answer == SQLITE_OK {
        let length = usize::try_from(length).unwrap_or(0);
        // SAFETY: SQLite passes as many readable bytes as it says.
        let bytes = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), length) }.to_vec();
        let offset = u64::try_from(offset).unwrap_or(0);
        open.inner.push(Operation::Write { file: open.name.clone(), offset, bytes });
    }
    answer
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, length: sqlite3_int64) -> c_int {
    let open = known(file);
    let Some(truncate) = open.methods.xTruncate else { return rusqlite::ffi::SQLITE_ERROR };
    // SAFETY: The arguments are SQLite's own, for its own function.
    let answer = unsafe { truncate(file, length) };
    if answer == SQLITE_OK {
        let length = u64::try_from(length).unwrap_or(0);
        open.inner.push(Operation::Truncate { file: open.name.clone(), length });
    }
    answer
}

/// Only notes the sync: what the test knows of the disk is the record.
unsafe extern "C" fn sync(file: *mut sqlite3_file, _: c_int) -> c_int {
    let open = known(file);
    let file = open.name.clone();
    if open.inner.fails() {
        open.inner.push(Operation::SyncFailed { file });
        return SQLITE_IOERR_FSYNC;
    }
    open.inner.push(Operation::Sync { file });
    SQLITE_OK
}
