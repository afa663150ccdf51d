//! Atomic file writes: a file appears complete or not at all.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// The most symbolic links that are followed, as on Linux.
const MAX_LINKS: usize = 40;
/// How many temporary names are tried.
const MAX_NAMES: usize = 100;

/// Write the file `path`: `write` fills a temporary file in the same folder, which is synced to disk and then renamed.
///
/// Symbolic links are followed, and a file that is replaced keeps its permissions. Anything but a regular file is an
/// error. The temporary file is locked while it is written, so that the next call can recognize and remove one that a
/// killed process left behind.
// Not generic: so it is compiled once, in this crate.
pub(crate) fn write_atomically(path: &Path, write: &mut dyn FnMut(&mut File) -> io::Result<()>) -> Result<(), Error> {
    let error = |path: &Path, source| Error::File { path: path.into(), source };
    let permissions = permissions(path).map_err(|source| error(path, source))?;
    let target = follow_links(path).map_err(|source| error(path, source))?;
    let Some(name) = target.file_name() else {
        return Err(error(
            path,
            io::Error::new(io::ErrorKind::InvalidInput, "expected a path that ends in a file name"),
        ));
    };
    remove_abandoned(&target, name);
    let (part, mut file) = create_part(&target, name, permissions.as_ref()).map_err(|source| error(path, source))?;
    let written = write(&mut file)
        .and_then(|()| permissions.map_or(Ok(()), |permissions| file.set_permissions(permissions)))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&part, &target));
    if let Err(source) = written {
        // Report the first error.
        let _ = fs::remove_file(&part);
        return Err(error(path, source));
    }
    sync_folder(&target);
    Ok(())
}

/// The permissions of the file to be replaced, if there is one. Anything but a regular file is an error.
fn permissions(path: &Path) -> io::Result<Option<Permissions>> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata.permissions())),
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "expected a regular file, found a directory, a pipe or a device: choose another path",
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The path with all symbolic links resolved, whether or not the file exists.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => {
                let leads_to = fs::read_link(&path)?;
                path = path.parent().map_or(leads_to.clone(), |folder| folder.join(leads_to));
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => return Ok(path),
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "too many symbolic links"))
}

/// A temporary file for `target`, with a name that no other call in this or another process uses, locked if the file
/// system supports locks.
fn create_part(target: &Path, name: &OsStr, permissions: Option<&Permissions>) -> io::Result<(PathBuf, File)> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    restrict(&mut options, permissions);
    for _ in 0..MAX_NAMES {
        let part = target.with_file_name(part_name(name));
        let file = match options.open(&part) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            // Another call may have removed it as abandoned before it was locked.
            Ok(()) if !part.exists() => {}
            Err(TryLockError::WouldBlock) => {}
            Ok(()) | Err(TryLockError::Error(_)) => return Ok((part, file)),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "no temporary name next to the file is free"))
}

/// Make sure that nobody can read the new file who could not read the old one.
#[cfg(unix)]
fn restrict(options: &mut OpenOptions, permissions: Option<&Permissions>) {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    if let Some(permissions) = permissions {
        options.mode(permissions.mode());
    }
}

#[cfg(not(unix))]
fn restrict(_: &mut OpenOptions, _: Option<&Permissions>) {}

const INFIX: &str = ".fnn-";
const SUFFIX: &str = ".part";
const DIGITS: usize = 16;

/// `NAME.fnn-0123456789abcdef.part`, with random digits.
fn part_name(name: &OsStr) -> std::ffi::OsString {
    let mut part = name.to_os_string();
    part.push(format!("{INFIX}{:0DIGITS$x}{SUFFIX}", RandomState::new().build_hasher().finish()));
    part
}

/// Whether `part_name(name)` can have created a file of this name.
fn is_part_of(name: &OsStr, part: &OsStr) -> bool {
    let digits = part.as_encoded_bytes().strip_prefix(name.as_encoded_bytes());
    let digits = digits.and_then(|rest| rest.strip_prefix(INFIX.as_bytes()));
    let digits = digits.and_then(|rest| rest.strip_suffix(SUFFIX.as_bytes()));
    digits.is_some_and(|digits| digits.len() == DIGITS && digits.iter().all(u8::is_ascii_hexdigit))
}

/// Remove the temporary files of `target` that killed processes left behind.
fn remove_abandoned(target: &Path, name: &OsStr) {
    remove_parts(folder(target), |part| is_part_of(name, part));
}

/// Remove the temporary files in `folder` that killed processes left behind, for targets whose name satisfies `is_ours`.
pub(crate) fn remove_abandoned_in(folder: &Path, is_ours: impl Fn(&str) -> bool) {
    remove_parts(folder, |part| {
        let name = part.to_str().and_then(|part| part.rsplit_once(INFIX)).map(|(name, _)| name);
        name.is_some_and(|name| is_ours(name) && is_part_of(OsStr::new(name), part))
    });
}

/// Remove temporary files. A file that is being written is locked; an unlocked one was abandoned. Files that cannot be
/// read or removed are left alone.
fn remove_parts(folder: &Path, is_part: impl Fn(&OsStr) -> bool) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if is_part(&entry.file_name())
            && entry.file_type().is_ok_and(|kind| kind.is_file())
            && let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            // The lock is held until the file is gone, so that a process that has just created it notices.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Create a folder, with those around it, unless it is there.
pub(crate) fn create_folder(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(|source| Error::File { path: folder.into(), source })
}

/// The lock of a folder, held until it is dropped or the process ends. Where the system locks no folders, there is none.
pub(crate) struct FolderLock {
    _folder: Option<File>,
}

impl FolderLock {
    /// Lock the folder of the setting `name`, which is created if there is none. It is an error if a training or a sweep has locked it, in
    /// whichever process.
    pub(crate) fn create(name: &'static str, folder: &Path) -> Result<Self, Error> {
        create_folder(folder)?;
        let file = File::open(folder).ok().filter(|_| cfg!(unix));
        if matches!(file.as_ref().map(File::try_lock), Some(Err(TryLockError::WouldBlock))) {
            let expected = "a folder that no other training writes to at the same time";
            return Err(Error::Setting { name, expected, found: folder.display().to_string() });
        }
        Ok(Self { _folder: file })
    }
}

/// Sync the folder where the platform allows it, so that the rename survives a crash. The file is complete under
/// either name.
fn sync_folder(target: &Path) {
    if cfg!(unix) {
        let _ = File::open(folder(target)).and_then(|folder| folder.sync_all());
    }
}

/// The folder of a file.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
