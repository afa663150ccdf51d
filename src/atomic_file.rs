//! Files that appear whole or not at all.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// How many symbolic links may lead to a file, as on Linux.
const MAX_LINKS: usize = 40;
/// How many names for a new file are tried.
const MAX_NAMES: usize = 100;

/// Write the file `path`: `write` fills a new file beside it, which takes its name when all of it is on the disk.
///
/// A symbolic link is followed, and a file that was there keeps its permissions. What is not a regular file is refused.
/// While it is written, the new file is locked, so that the next call knows one that a killed process left behind, and
/// removes it.
pub(crate) fn write_atomically(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), Error> {
    let error = |path: &Path, source| Error::File { path: path.into(), source };
    let permissions = permissions(path).map_err(|source| error(path, source))?;
    let target = follow_links(path).map_err(|source| error(path, source))?;
    let Some(name) = target.file_name() else {
        return Err(error(path, io::Error::new(io::ErrorKind::InvalidInput, "the path names no file")));
    };
    remove_abandoned(&target, name);
    let (part, mut file) = create_part(&target, name, permissions.as_ref())?;
    let written = write(&mut file)
        .and_then(|()| permissions.map_or(Ok(()), |permissions| file.set_permissions(permissions)))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&part, &target));
    if let Err(source) = written {
        // The first error is the one that counts.
        let _ = fs::remove_file(&part);
        return Err(error(path, source));
    }
    sync_folder(&target);
    Ok(())
}

/// The permissions of the file that is replaced, if there is one. Anything but a regular file is an error.
fn permissions(path: &Path) -> io::Result<Option<Permissions>> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata.permissions())),
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file, but a directory, a pipe or a device: it is left as it is",
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The path behind all symbolic links, whether there is a file or not.
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

/// A new file beside `target`, of a name that no other call in this or another process has, locked where the file system
/// has locks.
fn create_part(target: &Path, name: &OsStr, permissions: Option<&Permissions>) -> Result<(PathBuf, File), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    restrict(&mut options, permissions);
    let mut part = target.to_path_buf();
    for _ in 0..MAX_NAMES {
        part = target.with_file_name(part_name(name));
        let file = match options.open(&part) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(source) => return Err(Error::File { path: part, source }),
        };
        match file.try_lock() {
            // Another call may have taken it for abandoned before it was locked.
            Ok(()) if !part.exists() => {}
            Err(TryLockError::WouldBlock) => {}
            Ok(()) | Err(TryLockError::Error(_)) => return Ok((part, file)),
        }
    }
    Err(Error::File { path: part, source: io::ErrorKind::AlreadyExists.into() })
}

/// Let a new file be readable to nobody who could not read the file that it replaces.
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

/// `NAME.fnn-0123456789abcdef.part`, of random digits.
fn part_name(name: &OsStr) -> std::ffi::OsString {
    let mut part = name.to_os_string();
    part.push(format!("{INFIX}{:0DIGITS$x}{SUFFIX}", RandomState::new().build_hasher().finish()));
    part
}

/// Whether a file's name is one that [`part_name`] makes of `name`.
fn is_part_of(name: &OsStr, part: &OsStr) -> bool {
    let digits = part.as_encoded_bytes().strip_prefix(name.as_encoded_bytes());
    let digits = digits.and_then(|rest| rest.strip_prefix(INFIX.as_bytes()));
    let digits = digits.and_then(|rest| rest.strip_suffix(SUFFIX.as_bytes()));
    digits.is_some_and(|digits| digits.len() == DIGITS && digits.iter().all(u8::is_ascii_hexdigit))
}

/// Remove what killed processes left beside `target`: a file that is being written is locked, and one that is not has
/// nobody to finish it. What can't be read or removed stays.
fn remove_abandoned(target: &Path, name: &OsStr) {
    let Ok(entries) = fs::read_dir(folder(target)) else { return };
    for entry in entries.flatten() {
        if is_part_of(name, &entry.file_name())
            && entry.file_type().is_ok_and(|kind| kind.is_file())
            && let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            // Held until it is gone, so that who has just created it sees that.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Make the new name last, where folders can be synchronized. The file is whole under either name.
fn sync_folder(target: &Path) {
    if cfg!(unix) {
        let _ = File::open(folder(target)).and_then(|folder| folder.sync_all());
    }
}

/// The folder that a file is in.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
