//! Folders of images.

use fnn::data::ImageFolder;

use super::*;

type Colour = [[[f64; 8]; 6]; 3];

#[test]
fn images_have_the_pixels_of_pillow() {
    let folder = ImageFolder::<Colour, 2>::open(fixture("images")).unwrap();
    assert_eq!((folder.len(), folder.labels().names()), (3, ["cat", "dog"]));
    let mut image = [[[0.0; 8]; 6]; 3];
    assert_eq!(folder.read(0, &mut Random::new(0), &mut image).unwrap(), 0);
    let expected = |channel, row: usize, column: usize| match channel {
        0 => 40 * row,
        1 => 30 * column,
        _ => 255 - 20 * row - 10 * column,
    };
    for (channel, rows) in image.iter().enumerate() {
        for (row, columns) in rows.iter().enumerate() {
            for (column, &x) in columns.iter().enumerate() {
                assert_eq!(x, expected(channel, row, column) as f64 / 255.0);
            }
        }
    }
    folder.read(1, &mut Random::new(0), &mut image).unwrap();
    let pillow = ArrayFile::<[[f64; 3]; 8]>::npy(fixture("jpeg_pixels.npy")).unwrap().read_all().unwrap();
    for (channel, rows) in image.iter().enumerate() {
        for (columns, pillow) in rows.iter().zip(&pillow) {
            for (x, pillow) in columns.iter().zip(pillow) {
                // Decoders may round differently.
                assert!((255.0 * x - pillow[channel]).abs() <= 3.0, "{} {}", 255.0 * x, pillow[channel]);
            }
        }
    }
    assert_eq!(folder.read(2, &mut Random::new(0), &mut image).unwrap(), 1);
    assert!(image[0] == image[1] && image[2][5][0] == 200.0 / 255.0, "grey is the same in each channel");
    assert!(folder.path(2).unwrap().ends_with("dog/grey.PNG"));

    let grey = ImageFolder::<[[[f64; 8]; 6]; 1], 2>::open(fixture("images")).unwrap();
    let mut image = [[[0.0; 8]; 6]; 1];
    grey.read(0, &mut Random::new(0), &mut image).unwrap();
    for (row, columns) in image[0].iter().enumerate() {
        for (column, &x) in columns.iter().enumerate() {
            // BT.709, rounded down.
            let [red, green, blue] = [0, 1, 2].map(|channel| expected(channel, row, column));
            let grey = (2126 * red + 7152 * green + 722 * blue) / 10_000;
            assert!((255.0 * x - grey as f64).abs() <= 1.0, "{} {grey}", 255.0 * x);
        }
    }
}

#[test]
fn other_sizes_are_refused_or_resized() {
    let open = || ImageFolder::<[[[f32; 4]; 3]; 3], 2>::open(fixture("images")).unwrap();
    let mut image = [[[0.0; 4]; 3]; 3];
    let path = fixture("images").join("cat/a.png");
    refused(
        open().read(0, &mut Random::new(0), &mut image),
        &path,
        "size: expected 4 × 3 pixels, or `resized`, found 8 × 6",
    );
    open().resized().read(0, &mut Random::new(0), &mut image).unwrap();
    // The gradient of the first channel goes down by 80 each two rows.
    let middle = image[0][1].map(|x| 255.0 * x);
    assert!(middle.iter().all(|x| (x - 100.0).abs() < 3.0), "{middle:?}");
}

#[test]
fn photographs_are_upright() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("photographs");
    fs::create_dir_all(folder.join("one")).unwrap();
    let path = folder.join("one/a.jpeg");
    let jpeg = fs::read(fixture("images").join("cat/b.jpeg")).unwrap();
    fs::write(&path, &jpeg).unwrap();
    let lying = read::<8, 6>(&folder);
    let (rows, columns) = (6, 8);
    for orientation in 1..=8u8 {
        // The marker of EXIF data, its length, and a TIFF with one tag in the order of little endian: the orientation.
        let tag = [0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
        let exif = [&b"\xff\xe1\0\x22Exif\0\0II*\0\x08\0\0\0\x01\0"[..], &tag, &[0; 4]].concat();
        fs::write(&path, [&jpeg[..2], &exif, &jpeg[2..]].concat()).unwrap();
        // Where the file has a pixel of the photograph.
        type Place = fn((usize, usize), (usize, usize)) -> (usize, usize);
        let (is_turned, place): (bool, Place) = match orientation {
            1 => (false, |(row, column), _| (row, column)),
            2 => (false, |(row, column), (_, columns)| (row, columns - 1 - column)),
            3 => (false, |(row, column), (rows, columns)| (rows - 1 - row, columns - 1 - column)),
            4 => (false, |(row, column), (rows, _)| (rows - 1 - row, column)),
            5 => (true, |(row, column), _| (column, row)),
            6 => (true, |(row, column), (rows, _)| (rows - 1 - column, row)),
            7 => (true, |(row, column), (rows, columns)| (rows - 1 - column, columns - 1 - row)),
            _ => (true, |(row, column), (_, columns)| (column, columns - 1 - row)),
        };
        let (found, width) = if is_turned { (read::<6, 8>(&folder), rows) } else { (read::<8, 6>(&folder), columns) };
        for (channel, found) in found.iter().enumerate() {
            for (at, &x) in found.iter().enumerate() {
                let (row, column) = place((at / width, at % width), (rows, columns));
                assert_eq!(x, lying[channel][row * columns + column], "orientation {orientation}, {row}, {column}");
            }
        }
    }
}

/// The rows of each channel of the only image of a folder.
fn read<const W: usize, const H: usize>(folder: &Path) -> [Vec<f64>; 3] {
    let mut image = [[[0.0; W]; H]; 3];
    let folder = ImageFolder::<[[[f64; W]; H]; 3], 1>::open(folder).unwrap();
    folder.read(0, &mut Random::new(0), &mut image).unwrap();
    image.map(|channel| channel.concat())
}

#[test]
fn folders_and_files_that_cannot_be_read_are_named() {
    let images = fixture("images");
    refused(
        ImageFolder::<Colour, 3>::open(&images),
        &images,
        "folders: expected 3, one for each class, found 2: cat, dog",
    );
    assert!(matches!(ImageFolder::<Colour, 2>::open("no such folder"), Err(Error::File { .. })));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("images");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("one")).unwrap();
    fs::create_dir_all(folder.join(".hidden")).unwrap();
    fs::write(folder.join("one/notes.txt"), "").unwrap();
    let message = "images: expected at least one PNG or JPEG file, found none";
    refused(ImageFolder::<Colour, 1>::open(&folder), &folder.join("one"), message);
    for (name, bytes) in [("a.png", &b"no image"[..]), ("b.png", &fs::read(images.join("cat/a.png")).unwrap()[..60])] {
        let path = folder.join("one").join(name);
        fs::write(&path, bytes).unwrap();
        let broken = ImageFolder::<Colour, 1>::open(&folder).unwrap();
        let error = broken.read(0, &mut Random::new(0), &mut [[[0.0; 8]; 6]; 3]).unwrap_err().to_string();
        let start = format!("{}: image: expected a PNG or JPEG image, found ", path.display());
        assert!(error.starts_with(&start), "{error}");
        fs::remove_file(path).unwrap();
    }
}
