//! Pictures of what a file looks like: its first page, and a small one for lists. Made in the worker process, from
//! pixels alone: nothing that the file says of itself (where a photograph was taken, who wrote it) is in them.

use std::io::Cursor;

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::{LoadPdfError, Pdf};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings};
use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, Rgb, RgbImage};

/// The longer side of a page, in pixels.
const PAGE: u32 = 1000;
/// The longer side of a thumbnail, in pixels.
const THUMBNAIL: u32 = 256;
/// Pixels that a picture may have to be decoded: a hundred million need all the memory that a worker has.
const MOST_PIXELS: u64 = 64_000_000;
/// Memory for the pixels of one picture, in bytes.
const MOST_MEMORY: u64 = 640 << 20;
/// JPEG quality: text stays sharp, and a page has some hundred kilobytes.
const QUALITY: u8 = 85;

/// Why there is no preview.
const LOCKED: &str = "it is locked with a password";
pub(super) const TOO_LARGE: &str = "it is larger than what is shown";
const DAMAGED: &str = "the file is damaged";
const NO_PAGE: &str = "it has no page that could be shown";
const TOO_MANY_PIXELS: &str = "it has more pixels than are shown";
const OTHER_KIND: &str = "files of this kind are not shown";

/// Kinds of files that are drawn, by MIME type.
const DRAWN: [&str; 7] = ["application/pdf", "image/jpeg", "image/png", "image/gif", "image/webp", "image/tiff", "image/bmp"];

/// Whether files of this type are drawn.
pub(super) fn is_drawn(content_type: &str) -> bool {
    DRAWN.contains(&content_type)
}

/// The same content in two sizes, as JPEG.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    pub page: Vec<u8>,
    pub thumbnail: Vec<u8>,
}

/// Draws a file of this type, or says why not.
pub(super) fn draw(content_type: &str, bytes: Vec<u8>) -> Result<Drawn, &'static str> {
    let page = match content_type {
        "application/pdf" => first_page(bytes)?,
        known if is_drawn(known) => picture(&bytes)?,
        _ => return Err(OTHER_KIND),
    };
    let thumbnail = on_white(&DynamicImage::ImageRgb8(page.clone()), THUMBNAIL);
    Ok(Drawn { page: jpeg(&page)?, thumbnail: jpeg(&thumbnail)? })
}

/// The first page of a PDF, on white.
fn first_page(bytes: Vec<u8>) -> Result<RgbImage, &'static str> {
    let pdf = Pdf::new(bytes).map_err(|error| match error {
        LoadPdfError::Decryption(_) => LOCKED,
        LoadPdfError::Invalid => DAMAGED,
    })?;
    let page = pdf.pages().first().ok_or(NO_PAGE)?;
    let (width, height) = page.render_dimensions();
    let longer = width.max(height);
    if !(width > 0.0 && height > 0.0 && longer.is_finite()) {
        return Err(NO_PAGE);
    }
    let side = f32::from(u16::try_from(PAGE).unwrap_or(u16::MAX));
    // Of a very narrow page a line of pixels is left.
    let scale = |length: f32| (length * side / longer).max(1.0) / length;
    let settings = PixmapSettings { x_scale: scale(width), y_scale: scale(height), bg_color: WHITE };
    let pixels = hayro::render(page, &RenderCache::new(), &InterpreterSettings::default(), &RenderSettings::default(), &settings);
    let (width, height) = (u32::from(pixels.width()), u32::from(pixels.height()));
    let colours = pixels.data().iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]).collect();
    RgbImage::from_raw(width, height, colours).ok_or(DAMAGED)
}

/// A picture as its camera meant it to be seen, on white, no larger than a page.
fn picture(bytes: &[u8]) -> Result<RgbImage, &'static str> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| DAMAGED)?;
    let mut decoder = reader.into_decoder().map_err(|_| DAMAGED)?;
    let (width, height) = decoder.dimensions();
    // Before a byte is unpacked: a few hundred bytes can stand for all the pixels there are.
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(TOO_MANY_PIXELS);
    }
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MOST_MEMORY);
    decoder.set_limits(limits).map_err(|_| TOO_MANY_PIXELS)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let pixels = DynamicImage::from_decoder(decoder).map_err(|_| DAMAGED)?;
    let mut small = DynamicImage::ImageRgb8(on_white(&pixels, PAGE));
    drop(pixels);
    small.apply_orientation(orientation);
    Ok(small.into_rgb8())
}

/// What can be seen of a picture on white paper, no larger than `side` on its longer side; small ones are not
/// made larger.
fn on_white(picture: &DynamicImage, side: u32) -> RgbImage {
    let small = if picture.width().max(picture.height()) > side {
        // Averages over all pixels that fall together, so that thin lines stay.
        let longer = u64::from(picture.width().max(picture.height())).max(1);
        let scaled = |length: u32| u32::try_from(u64::from(length) * u64::from(side) / longer).unwrap_or(side).max(1);
        picture.thumbnail_exact(scaled(picture.width()), scaled(picture.height())).into_rgba8()
    } else {
        picture.to_rgba8()
    };
    RgbImage::from_fn(small.width(), small.height(), |x, y| {
        let [red, green, blue, alpha] = small.get_pixel(x, y).0;
        let over = |colour: u8| {
            let mixed = (u16::from(colour) * u16::from(alpha) + 255 * (255 - u16::from(alpha))) / 255;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        Rgb([over(red), over(green), over(blue)])
    })
}

fn jpeg(picture: &RgbImage) -> Result<Vec<u8>, &'static str> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(picture).map_err(|_| DAMAGED)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use image::codecs::png::PngEncoder;
    use image::{ExtendedColorType, ImageEncoder as _, Rgba, RgbaImage};

    use super::*;

    /// A PDF of one page of this size, in points, with a black square of a hundred points in its lower left corner.
    fn pdf(width: u32, height: u32) -> Vec<u8> {
        let content = "0 0 0 rg 0 0 100 100 re f";
        format!(
            "%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n\
             3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents 4 0 R /Resources << >> >>\nendobj\n\
             4 0 obj\n<< /Length {} >>\nstream\n{content}\nendstream\nendobj\ntrailer\n<< /Size 5 /Root 1 0 R >>\n%%EOF\n",
            content.len()
        )
        .into_bytes()
    }

    fn png(picture: &RgbaImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        let encoder = PngEncoder::new(&mut bytes);
        encoder.write_image(picture, picture.width(), picture.height(), ExtendedColorType::Rgba8).unwrap();
        bytes
    }

    fn seen(jpeg: &[u8]) -> RgbImage {
        image::load_from_memory(jpeg).unwrap().into_rgb8()
    }

    /// Whether two colours look the same; JPEG keeps none exactly.
    fn is_like(found: Rgb<u8>, wanted: [u8; 3]) -> bool {
        found.0.iter().zip(wanted).all(|(found, wanted)| found.abs_diff(wanted) < 40)
    }

    #[test]
    fn the_first_page_of_a_pdf_is_drawn_on_white_in_two_sizes() {
        let drawn = draw("application/pdf", pdf(600, 800)).unwrap();
        let (page, thumbnail) = (seen(&drawn.page), seen(&drawn.thumbnail));
        assert_eq!((page.dimensions(), thumbnail.dimensions()), ((750, 1000), (192, 256)));
        for (picture, low) in [(&page, 950), (&thumbnail, 243)] {
            assert!(is_like(*picture.get_pixel(12, low), [0; 3]), "the square");
            assert!(is_like(*picture.get_pixel(12, 12), [255; 3]), "the paper above it");
        }
    }

    #[test]
    fn a_page_of_an_odd_shape_has_a_line_of_pixels_at_least() {
        let drawn = draw("application/pdf", pdf(10_000, 3)).unwrap();
        assert_eq!((seen(&drawn.page).dimensions(), seen(&drawn.thumbnail).dimensions()), ((1000, 1), (256, 1)));
    }

    /// A photograph, red on the left and blue on the right, that says of itself how it was held (EXIF tag 0x0112).
    fn photograph(orientation: u8) -> Vec<u8> {
        let picture = RgbImage::from_fn(64, 32, |x, _| if x < 32 { Rgb([220, 20, 20]) } else { Rgb([20, 20, 220]) });
        let plain = jpeg(&picture).unwrap();
        let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
        let mut bytes = plain[..2].to_vec();
        bytes.extend([0xFF, 0xE1]);
        bytes.extend(u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
        bytes.extend(&exif);
        bytes.extend(&plain[2..]);
        bytes
    }

    #[test]
    fn a_photograph_is_shown_as_it_was_held_and_says_nothing_more_of_itself() {
        for (orientation, dimensions, first) in
            [(1, (64, 32), [220, 20, 20]), (3, (64, 32), [20, 20, 220]), (6, (32, 64), [220, 20, 20]), (8, (32, 64), [20, 20, 220])]
        {
            let drawn = draw("image/jpeg", photograph(orientation)).unwrap();
            let page = seen(&drawn.page);
            assert_eq!(page.dimensions(), dimensions, "{orientation}");
            assert!(is_like(*page.get_pixel(4, 4), first), "{orientation}: {:?}", page.get_pixel(4, 4));
            assert!(!drawn.page.windows(4).any(|four| four == b"Exif"));
        }
    }

    #[test]
    fn what_shines_through_is_white_and_small_pictures_stay_small() {
        let drawn = draw("image/png", png(&RgbaImage::from_pixel(30, 20, Rgba([0, 0, 0, 0])))).unwrap();
        for picture in [seen(&drawn.page), seen(&drawn.thumbnail)] {
            assert_eq!(picture.dimensions(), (30, 20));
            assert!(is_like(*picture.get_pixel(15, 10), [255; 3]));
        }
        let drawn = draw("image/png", png(&RgbaImage::from_pixel(3000, 600, Rgba([9, 9, 9, 255])))).unwrap();
        assert_eq!((seen(&drawn.page).dimensions(), seen(&drawn.thumbnail).dimensions()), ((1000, 200), (256, 51)));
    }

    #[test]
    fn a_flood_of_pixels_is_refused_before_any_is_unpacked() {
        // The head of a GIF is all that says how large it is.
        let mut flood = b"GIF89a\xFF\xFF\xFF\xFF\x80\0\0\0\0\0\xFF\xFF\xFF".to_vec();
        flood.extend(b",\0\0\0\0\xFF\xFF\xFF\xFF\0\x02\x02D\x01\0;");
        assert_eq!(draw("image/gif", flood), Err(TOO_MANY_PIXELS));
    }

    #[test]
    fn what_cannot_be_drawn_says_why() {
        for (content_type, bytes, reason) in [
            ("text/plain", &b"hello"[..], OTHER_KIND),
            ("image/png", b"\x89PNG\r\n\x1a\nand no more", DAMAGED),
            ("image/jpeg", b"\xFF\xD8\xFF", DAMAGED),
            ("application/pdf", b"%PDF-1.7\nand no more", DAMAGED),
        ] {
            assert_eq!(draw(content_type, bytes.to_vec()), Err(reason), "{content_type}");
        }
        for drawn in DRAWN {
            assert!(is_drawn(drawn));
        }
        assert!(!is_drawn("image/heic"));
    }
}
