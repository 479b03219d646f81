"""Pictures of every kind come in as the same pixels, or are refused with a sentence."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageOps

from rollbook.errors import UnreadableImage
from rollbook.vision.images import MAX_PIXELS, PICTURE_SUFFIXES, encode_jpeg, read_image


def picture(width: int = 48, height: int = 32) -> Image.Image:
    """A red top left quarter, green top right, blue bottom: tells how it was turned."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[: height // 2, : width // 2, 0] = 255
    pixels[: height // 2, width // 2 :, 1] = 255
    pixels[height // 2 :, :, 2] = 255
    return Image.fromarray(pixels)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def as_bgr(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"))[:, :, ::-1]


def bomb_png(side: int) -> bytes:
    """A valid PNG of side x side grey pixels that is tiny as a file."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    packer = zlib.compressobj(9)
    row = b"\0" * (1 + (side + 7) // 8)
    body = b"".join(packer.compress(row * 1000) for _ in range(side // 1000)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_formats_give_the_very_pixels(kind: str) -> None:
    assert np.array_equal(read_image(saved(picture(), kind)), as_bgr(picture()))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "HEIF", "AVIF"])
def test_lossy_formats_come_near(kind: str) -> None:
    pillow_heif.register_heif_opener()
    found = read_image(saved(picture(), kind, quality=95))
    inner = found[2:14, 2:22].reshape(-1, 3).mean(axis=0)
    assert found.shape == (32, 48, 3)
    assert np.allclose(inner, (0, 0, 255), atol=30)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(picture(), "PNG", exif=exif)
    expected = as_bgr(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    assert np.array_equal(read_image(data), expected)


def test_orientation_of_a_heic_picture_is_undone_once() -> None:
    pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[0x0112] = 6
    found = read_image(saved(picture(), "HEIF", quality=95, exif=exif.tobytes()))
    assert found.shape == (48, 32, 3)
    assert found[4, -4, 2] > 200, "red has turned to the top right"


def test_nonsense_in_exif_does_not_keep_a_picture_out() -> None:
    exif = b"Exif\0\0" + b"\xff" * 40
    assert read_image(saved(picture(), "JPEG", exif=exif)).shape == (32, 48, 3)


def test_cmyk_is_converted() -> None:
    found = read_image(saved(picture().convert("CMYK"), "JPEG", quality=95))
    assert found.shape == (32, 48, 3)
    assert found[4, 4].argmax() == 2


def test_sixteen_bits_are_scaled_and_not_clipped() -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)
    deep = Image.fromarray(np.tile(ramp, (4, 1)))
    found = read_image(saved(deep, "PNG"))
    assert np.abs(found[0, :, 1].astype(int) - np.arange(256)).max() <= 1


@pytest.mark.parametrize("full", [1.0, 255.0])
def test_floating_point_pictures_are_scaled(full: float) -> None:
    values = np.linspace(0, full, 64, dtype=np.float32).reshape(8, 8)
    found = read_image(saved(Image.fromarray(values), "TIFF"))
    assert found[0, 0, 0] == 0
    assert found[-1, -1, 0] == 255


def test_transparent_places_become_white() -> None:
    image = picture().convert("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    assert (read_image(saved(image, "PNG")) == 255).all()


def test_a_transparent_palette_colour_becomes_white() -> None:
    image = picture().quantize(4)
    data = saved(image, "PNG", transparency=image.getpixel((0, 0)))
    found = read_image(data)
    assert found[0, 0].tolist() == [255, 255, 255]
    assert found[-1, -1].tolist() == [255, 0, 0]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16"])
def test_every_mode_gives_three_channels(mode: str) -> None:
    base = picture().convert("L") if mode == "I;16" else picture()
    assert read_image(saved(base.convert(mode), "PNG")).shape == (32, 48, 3)


def test_of_an_animation_the_first_frame_counts() -> None:
    first, second = Image.new("RGB", (20, 10), "red"), Image.new("RGB", (20, 10), "blue")
    data = saved(first, "GIF", save_all=True, append_images=[second])
    assert read_image(data)[5, 5].tolist() == [0, 0, 255]


def test_a_single_pixel_is_a_picture() -> None:
    assert read_image(saved(Image.new("RGB", (1, 1), "red"), "PNG")).tolist() == [[[0, 0, 255]]]


def test_content_decides_and_not_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "really a png.jpg"
    path.write_bytes(saved(picture(), "PNG"))
    assert np.array_equal(read_image(path), as_bgr(picture()))


def test_far_too_large_jpegs_come_reduced_but_never_below_enough() -> None:
    large = picture().resize((1920, 1280))
    for kind in ("JPEG", "PNG"):
        found = read_image(saved(large, kind), enough=400)
        assert 400 <= max(found.shape) < 800
        assert found[10, 10].argmax() == 2
    assert read_image(saved(large, "JPEG"), enough=1500).shape == (1280, 1920, 3)


HOSTILE = {
    "empty": b"",
    "text": b"this is not a picture\n" * 20,
    "html": b"<!doctype html><title>404</title>",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n",
    "truncated jpeg": saved(picture(400, 300), "JPEG")[:900],
    "truncated png": saved(picture(400, 300), "PNG")[:200],
    "only a header": saved(picture(), "JPEG")[:20],
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_picture_is_refused_with_a_sentence(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "face.jpg"
    path.write_bytes(data)
    for source in (data, path):
        with pytest.raises(UnreadableImage, match=r"^(face\.jpg|The picture) .*\.$"):
            read_image(source)


def test_a_decompression_bomb_is_refused_before_it_is_decoded() -> None:
    data = bomb_png(30_000)
    assert len(data) < 200_000
    with pytest.raises(UnreadableImage, match="50 megapixels"):
        read_image(data)


def test_a_picture_just_over_the_limit_is_refused_too() -> None:
    assert 8_000 * 8_000 > MAX_PIXELS
    with pytest.raises(UnreadableImage, match="50 megapixels"):
        read_image(bomb_png(8_000))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match=r"gone\.jpg cannot be opened"):
        read_image(tmp_path / "gone.jpg")


def test_jpeg_comes_back_without_metadata() -> None:
    data = encode_jpeg(as_bgr(picture()), quality=95)
    assert Image.open(io.BytesIO(data)).getexif() == {}
    assert read_image(data)[4, 4].argmax() == 2


def test_suffixes_are_lower_case_with_a_dot() -> None:
    assert {".jpg", ".heic", ".png"} <= PICTURE_SUFFIXES
    assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in PICTURE_SUFFIXES)
