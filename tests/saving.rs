//! `save` writes a file completely or not at all, follows links, and removes what a killed process left behind.
#![cfg(feature = "std")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use fnn::Error;

fnn::network! {
    #[derive(Clone, Debug, PartialEq)]
    struct Small: [2] -> [1] {
        hidden: Dense(3),
        Relu,
        out: Dense(1),
    }
}

/// An empty folder for the test.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("saving").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The names of the files in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

/// The files that a process leaves behind if it is killed during `save`.
const ABANDONED: &str = "net.safetensors.fnn-0123456789abcdef.part";

#[test]
fn what_a_killed_process_left_is_no_obstacle_and_is_removed() {
    let folder = folder("abandoned");
    let path = folder.join("net.safetensors");
    let others = [
        "net.safetensors.1-0.part",
        "net.safetensors.fnn-0123456789abcdeg.part",
        "net.safetensors.fnn-0123456789abcdef.part.gz",
        "other.safetensors.fnn-0123456789abcdef.part",
    ];
    for name in others.iter().chain([&ABANDONED]) {
        fs::write(folder.join(name), "half").unwrap();
    }
    Small::seeded(1).save(&path).unwrap();
    assert_eq!(*Small::load(&path).unwrap(), Small::seeded(1));
    let mut left = others.to_vec();
    left.push("net.safetensors");
    left.sort_unstable();
    assert_eq!(names(&folder), left, "only what is surely one of ours is removed");
}

#[test]
fn what_another_process_is_writing_stays() {
    let folder = folder("locked");
    let path = folder.join("net.safetensors");
    let other = File::create(folder.join(ABANDONED)).unwrap();
    other.lock().unwrap();
    Small::seeded(1).save(&path).unwrap();
    assert_eq!(names(&folder), ["net.safetensors", ABANDONED]);
    // Closing is not enough: a process that another test starts has the file too, until it runs its program.
    other.unlock().unwrap();
    Small::seeded(2).save(&path).unwrap();
    assert_eq!(names(&folder), ["net.safetensors"]);
}

#[test]
fn threads_that_save_to_one_path_leave_one_whole_file() {
    let folder = folder("threads");
    let path = folder.join("net.safetensors");
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let path = &path;
            scope.spawn(move || (0..50).for_each(|_| Small::seeded(seed).save(path).unwrap()));
        }
    });
    let network = *Small::load(&path).unwrap();
    assert!((0..4).any(|seed| network == Small::seeded(seed)));
    assert_eq!(names(&folder), ["net.safetensors"]);
}

#[test]
fn a_process_that_is_killed_while_it_saves_leaves_the_file_whole() {
    const CHILD: &str = "FNN_TEST_SAVES_TO";
    if let Some(path) = std::env::var_os(CHILD) {
        loop {
            Small::seeded(1).save(&path).unwrap();
        }
    }
    let folder = folder("killed");
    let path = folder.join("net.safetensors");
    Small::seeded(1).save(&path).unwrap();
    for kill in 0..20 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["a_process_that_is_killed_while_it_saves_leaves_the_file_whole", "--exact"])
            .env(CHILD, &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(20 + kill));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(*Small::load(&path).unwrap(), Small::seeded(1));
    }
    Small::seeded(2).save(&path).unwrap();
    assert_eq!(*Small::load(&path).unwrap(), Small::seeded(2));
    assert_eq!(names(&folder), ["net.safetensors"]);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};

    use super::*;

    #[test]
    fn links_are_followed() {
        let folder = folder("links");
        fs::create_dir(folder.join("store")).unwrap();
        symlink("store/net.safetensors", folder.join("second")).unwrap();
        symlink("second", folder.join("first")).unwrap();
        // A link whose target doesn't exist yet, and then does.
        for seed in [1, 2] {
            Small::seeded(seed).save(folder.join("first")).unwrap();
            assert_eq!(*Small::load(folder.join("store/net.safetensors")).unwrap(), Small::seeded(seed));
            assert!(fs::symlink_metadata(folder.join("first")).unwrap().is_symlink());
            assert!(fs::symlink_metadata(folder.join("second")).unwrap().is_symlink());
        }
        assert_eq!(names(&folder), ["first", "second", "store"]);
        assert_eq!(names(&folder.join("store")), ["net.safetensors"]);

        symlink("round", folder.join("round")).unwrap();
        assert!(matches!(Small::seeded(1).save(folder.join("round")), Err(Error::File { .. })));
    }

    #[test]
    fn what_is_no_regular_file_is_refused_and_stays() {
        let folder = folder("special");
        let pipe = folder.join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        symlink(&pipe, folder.join("link")).unwrap();
        for path in [pipe.clone(), folder.join("link"), "/dev/null".into(), folder.clone()] {
            let error = Small::seeded(1).save(&path).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "{}: expected a regular file, found a directory, a pipe or a device: choose another path",
                    path.display()
                )
            );
        }
        assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        assert_eq!(names(&folder), ["link", "pipe"]);
    }

    #[test]
    fn the_mode_is_kept() {
        let folder = folder("mode");
        let path = folder.join("net.safetensors");
        Small::seeded(1).save(&path).unwrap();
        for mode in [0o600, 0o640, 0o444, 0o666] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let before = fs::metadata(&path).unwrap().ino();
            Small::seeded(2).save(&path).unwrap();
            let after = fs::metadata(&path).unwrap();
            assert_eq!(after.mode() & 0o7777, mode);
            assert_ne!(after.ino(), before, "it is another file, which was written whole before it took the name");
        }
    }

    #[test]
    fn an_error_names_the_path_that_was_asked_for() {
        let path = folder("names").join("no/net.safetensors");
        let error = Small::seeded(1).save(&path).unwrap_err();
        let Error::File { path: named, source } = &error else { panic!("{error}") };
        assert_eq!(*named, path, "and not the temporary file, of which nobody has heard");
        assert_eq!(source.kind(), std::io::ErrorKind::NotFound);
    }
}
