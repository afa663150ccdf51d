//! Folders of images.

use std::fmt;
use std::fs;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use super::{Labels, Source};
use crate::error::Error;
use crate::random::Random;
use crate::scalar::Scalar;

/// The extensions of files that are read.
const EXTENSIONS: [&str; 3] = ["png", "jpg", "jpeg"];

/// A folder with a folder of images for each class: PNG and JPEG files, which are decoded when they are read.
///
/// The classes are the names of the N folders, in alphabetical order. Samples are `[[[f32; W]; H]; C]` with numbers from 0
/// to 1, and C = 1 for grayscale, or C = 3 for red, green and blue. Photographs are upright, as a viewer shows them: they are
/// turned and mirrored as the orientation in their EXIF data says. Files and folders whose names begin with a dot, and files
/// with other extensions, are ignored. Decoding an image allocates memory.
///
/// ```no_run
/// use fnn::data::{ImageFolder, Source, augment};
///
/// let photographs = ImageFolder::<[[[f32; 64]; 64]; 3], 2>::open("photographs")?.resized();
/// let labels = photographs.labels().clone();
/// let varied = photographs.augment(|image, _, random| augment::flip(image, random));
/// # Ok::<(), fnn::Error>(())
/// ```
pub struct ImageFolder<A, const N: usize> {
    files: Vec<(PathBuf, usize)>,
    labels: Labels<N>,
    resize: bool,
    sample: PhantomData<fn(&mut A)>,
}

impl<A, const N: usize> ImageFolder<A, N> {
    /// Find all images in `folder`.
    ///
    /// # Errors
    /// [`Error::File`] if a folder cannot be read, and [`Error::Format`] unless there are N folders, each with an image.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = folder.as_ref();
        let names: Vec<String> = entries(folder)?.into_iter().filter(|name| folder.join(name).is_dir()).collect();
        let names = <[String; N]>::try_from(names).map_err(|names| {
            let found = if names.is_empty() { "none".into() } else { format!("{}: {}", names.len(), names.join(", ")) };
            Error::format(folder, "folders", format_args!("{N}, one for each class"), found)
        })?;
        let mut files = Vec::new();
        for (class, name) in names.iter().enumerate() {
            let (folder, before) = (folder.join(name), files.len());
            let paths = entries(&folder)?.into_iter().map(|name| folder.join(name));
            let is_image = |path: &PathBuf| {
                let extension = path.extension().and_then(|extension| extension.to_str());
                extension.is_some_and(|extension| EXTENSIONS.contains(&&*extension.to_ascii_lowercase()))
            };
            files.extend(paths.filter(is_image).map(|path| (path, class)));
            if files.len() == before {
                return Err(Error::format(&folder, "images", "at least one PNG or JPEG file", "none"));
            }
        }
        Ok(Self { files, labels: Labels::new(names)?, resize: false, sample: PhantomData })
    }

    /// Resize images of other sizes, by linear interpolation; their proportions are not kept. Without this, they are an
    /// error.
    #[must_use]
    pub fn resized(self) -> Self {
        Self { resize: true, ..self }
    }

    /// The names of the classes.
    #[must_use]
    pub const fn labels(&self) -> &Labels<N> {
        &self.labels
    }

    /// The path of an image.
    #[must_use]
    pub fn path(&self, index: usize) -> Option<&Path> {
        self.files.get(index).map(|(path, _)| &**path)
    }
}

/// The names of the entries of a folder that are not hidden, in order.
fn entries(folder: &Path) -> Result<Vec<String>, Error> {
    let unreadable = |source| Error::File { path: folder.into(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        let name =
            name.into_string().map_err(|name| Error::format(folder, "names", "names in UTF-8", name.display()))?;
        if !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

impl<S: Scalar, const C: usize, const H: usize, const W: usize, const N: usize> Source
    for ImageFolder<[[[S; W]; H]; C], N>
{
    type Input = [[[S; W]; H]; C];
    type Target = usize;

    fn len(&self) -> usize {
        self.files.len()
    }

    fn read(&self, index: usize, _: &mut Random, input: &mut Self::Input) -> Result<usize, Error> {
        const { assert!(C == 1 || C == 3, "images have one channel (grayscale) or three (red, green and blue)") }
        let (path, class) = self.files.get(index).ok_or_else(|| Error::index(index, self.files.len()))?;
        let image = self.decode::<H, W>(path)?;
        if C == 1 {
            fill(image.to_luma8().as_raw(), input);
        } else {
            fill(image.to_rgb8().as_raw(), input);
        }
        Ok(*class)
    }
}

impl<A, const N: usize> ImageFolder<A, N> {
    /// Decode a file, and resize the image if it is to be.
    fn decode<const H: usize, const W: usize>(&self, path: &Path) -> Result<DynamicImage, Error> {
        let unreadable = |source| Error::File { path: path.into(), source };
        let reader = ImageReader::open(path).map_err(unreadable)?.with_guessed_format().map_err(unreadable)?;
        let image = reader.into_decoder().and_then(upright).map_err(|error| match error {
            image::ImageError::IoError(source) if source.raw_os_error().is_some() => unreadable(source),
            other => Error::format(path, "image", "a PNG or JPEG image", other),
        })?;
        let (width, height) = (image.width() as usize, image.height() as usize);
        if (width, height) == (W, H) {
            return Ok(image);
        }
        if !self.resize {
            let expected = format_args!("{W} × {H} pixels, or `resized`");
            return Err(Error::format(path, "size", expected, format_args!("{width} × {height}")));
        }
        let size = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        Ok(image.resize_exact(size(W), size(H), FilterType::Triangle))
    }
}

/// The image as a viewer shows it.
fn upright(mut decoder: impl ImageDecoder) -> Result<DynamicImage, image::ImageError> {
    let mut limits = Limits::default();
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image)
}

/// From rows of pixels with all their channels to channels with all their pixels.
fn fill<S: Scalar, const C: usize, const H: usize, const W: usize>(pixels: &[u8], image: &mut [[[S; W]; H]; C]) {
    for (number, channel) in image.iter_mut().enumerate() {
        let bytes = pixels.iter().skip(number).step_by(C);
        for (to, &byte) in channel.as_flattened_mut().iter_mut().zip(bytes) {
            *to = S::from_f64(f64::from(byte) / 255.0);
        }
    }
}

impl<A, const N: usize> fmt::Debug for ImageFolder<A, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ImageFolder");
        debug.field("images", &self.files.len()).field("labels", &self.labels.names()).finish_non_exhaustive()
    }
}
