"""Writes every sample picture to sample_images/ and what each must get to tests/samples/expected.csv.

    python -m tests.samples.make

The verdicts stand in SAMPLES by hand, beside the recipe they follow from: what a picture must get is known
from how it was made, and never taken from a run of imagegate.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from PIL import Image

from tests.samples import camera, damage
from tests.samples.camera import Picture, Scene
from tests.samples.cloth import DENIM, LODEN, draw_cloth
from tests.samples.skin import draw_skin, tone_colour

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "sample_images"
EXPECTED = Path(__file__).with_name("expected.csv")

Recipe: TypeAlias = Callable[[], bytes]
Fault: TypeAlias = Callable[[Scene], Scene]

# Between 900 and 1100 pixels a picture is measured as it is, so a length in a recipe is the length that is
# measured.
SIZE = (1040, 780)
SMALL = (320, 240)
# A small picture is drawn larger and shrunk, or its furrows would be thinner than a pixel.
SMALLEST_DRAWN = 800

# Exposure a camera's meter gives a frame full of this tone (stops): it keeps fair skin off white and dark
# skin off black, by about a third of what would make both equally bright.
METERED_EV = {1: -0.6, 2: -0.6, 3: -0.5, 4: -0.35, 5: -0.15, 6: 0.0, 7: 0.2, 8: 0.4, 9: 1.0, 10: 1.4}

ORIENTATION, GPS_DIRECTORY = 0x0112, 0x8825
TURN_RIGHT_TO_SEE = 6
# Invented: latitude and longitude 0, in the Gulf of Guinea.
NULL_ISLAND = {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)}

ERROR_PAGE = b"""<!DOCTYPE html>
<html><head><title>413 Request Entity Too Large</title></head>
<body><h1>413 Request Entity Too Large</h1><p>The picture was saved from an error page.</p></body></html>
"""
PDF = b"""%PDF-1.4
1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj
2 0 obj <</Type /Pages /Kids [3 0 R] /Count 1>> endobj
3 0 obj <</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842]>> endobj
trailer <</Root 1 0 R>>
%%EOF
"""

UNREADABLE = frozenset({
    "base64_invalid", "file_too_small", "format_mismatch", "format_unsupported", "image_animated",
    "image_corrupt", "image_missing", "image_too_large", "image_truncated",
})  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One file: its name, how to make it, and the codes it must get."""

    name: str
    recipe: Recipe
    causes: str = ""
    warnings: str = ""

    @property
    def status(self) -> int:
        if not self.causes:
            return 200
        return 400 if UNREADABLE.intersection(self.causes.split()) else 422


def photo(
    tone: int,
    seed: int,
    *faults: Fault,
    size: tuple[int, int] = SIZE,
    ev: float = 0,
    noise: float = 1.5,
    **drawn: Any,
) -> Picture:
    """Take a photo of drawn skin: metered for the tone, `ev` stops off, through `faults` in their order."""
    enlarge = -(-SMALLEST_DRAWN // max(size))
    scene = draw_skin(tone, size=(size[0] * enlarge, size[1] * enlarge), seed=seed, **drawn)
    if enlarge > 1:
        scene = np.asarray(cv2.resize(scene, size, interpolation=cv2.INTER_AREA), np.float32)
    return taken(scene, *faults, ev=ev + METERED_EV[tone], noise=noise, seed=seed)


def taken(scene: Scene, *faults: Fault, ev: float = 0, noise: float = 1.5, seed: int = 0) -> Picture:
    """Take a photo of any scene."""
    for fault in faults:
        scene = fault(scene)
    return camera.sensor(camera.expose(scene, ev), noise, np.random.default_rng(seed))


def shot(tone: int, seed: int, *faults: Fault, quality: int = 86, **options: Any) -> Recipe:
    """Take a photo and store it as JPEG; `options` are those of `photo`."""
    return lambda: camera.jpeg(photo(tone, seed, *faults, **options), quality)


def stored(store: Callable[[Picture], bytes], tone: int, seed: int, **options: Any) -> Recipe:
    """Take a good photo and store it some other way."""
    return lambda: store(photo(tone, seed, **options))


def of(change: Callable[..., bytes], recipe: Recipe, *arguments: Any) -> Recipe:
    """Apply one of `damage` to a finished file."""
    return lambda: change(recipe(), *arguments)


def literal(data: bytes) -> Recipe:
    """Write these bytes."""
    return lambda: data


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def png(rgb: Picture) -> bytes:
    return encoded(Image.fromarray(rgb), "PNG")


def gif(rgb: Picture) -> bytes:
    return encoded(Image.fromarray(rgb).quantize(64), "GIF")


def heic(rgb: Picture) -> bytes:
    """As iPhones send it."""
    import pillow_heif  # noqa: PLC0415 - an extra, which no other sample needs

    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(rgb)).save(buffer, quality=50)
    return buffer.getvalue()


def animated(rgb: Picture) -> bytes:
    frames = [Image.fromarray(np.roll(rgb, shift, axis=1)).quantize(64) for shift in (0, 4)]
    return encoded(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=200)


def deep_png(rgb: Picture) -> bytes:
    """16 bits a channel, as from a 10-bit sensor: its values stand in the upper bits."""
    ten_bit = rgb.astype(np.uint16) << 2 | np.random.default_rng(0).integers(0, 4, rgb.shape, np.uint16)
    done, data = cv2.imencode(".png", (ten_bit << 6)[..., ::-1])
    assert done
    return data.tobytes()


def round_corners(rgb: Picture) -> bytes:
    """A PNG with alpha: corners cut round, as apps like to do."""
    height, width = rgb.shape[:2]
    radius = min(height, width) / 8
    y, x = np.ogrid[:height, :width]
    past_x, past_y = (np.maximum(abs(v - (n - 1) / 2) - (n / 2 - radius), 0) for v, n in ((x, width), (y, height)))
    alpha = np.clip(radius + 0.5 - np.hypot(past_x, past_y), 0, 1) * 255
    return encoded(Image.fromarray(np.dstack([rgb, alpha.astype(np.uint8)])), "PNG")


def grey_jpeg(rgb: Picture) -> bytes:
    return encoded(Image.fromarray(rgb).convert("L"), "JPEG", quality=88)


def cmyk_jpeg(rgb: Picture) -> bytes:
    return encoded(Image.fromarray(rgb).convert("CMYK"), "JPEG", quality=88)


def turned(rgb: Picture) -> bytes:
    """Held upright, stored lying: the camera notes which way to turn the picture."""
    exif = Image.Exif()
    exif[ORIENTATION] = TURN_RIGHT_TO_SEE
    return camera.jpeg(np.ascontiguousarray(np.rot90(rgb)), 88, exif=exif)


def located(rgb: Picture) -> bytes:
    exif = Image.Exif()
    exif[GPS_DIRECTORY] = NULL_ISLAND
    return camera.jpeg(rgb, 88, exif=exif)


def bare_field() -> bytes:
    """Skin colour without skin: no line, pore or grain to focus on, in light that falls off by a stop."""
    field = np.broadcast_to(tone_colour(5), (480, 640, 3)).astype(np.float32)
    return png(taken(camera.uneven(field, 1.3, 30), noise=0))


def cloth(threads: Any, seed: int) -> Recipe:
    return lambda: camera.jpeg(taken(draw_cloth(threads, size=SIZE, seed=seed), ev=0.4), 72)


def defocused(radius: float) -> Fault:
    return partial(camera.defocus, radius=radius)


def back_focused(radius: float) -> Fault:
    """Focus on what surrounds the middle of the frame."""
    return lambda scene: _middle(scene) * camera.defocus(scene, radius) + (1 - _middle(scene)) * scene


def _middle(scene: Scene) -> Scene:
    height, width = scene.shape[:2]
    y, x = np.ogrid[:height, :width]
    away = np.hypot(x / width - 0.5, y / height - 0.5)[..., None]
    return np.clip((0.35 - away) / 0.04 + 0.5, 0, 1).astype(np.float32)


def shaken(length: float, angle: float) -> Fault:
    return partial(camera.motion, length=length, angle=angle)


def flashed(spots: int, radius: float, seed: int) -> Fault:
    return lambda scene: camera.glare(scene, spots, radius, np.random.default_rng(seed))


SMALL_JPEG = shot(5, 50, size=SMALL, quality=80)
SMALL_PNG = stored(png, 6, 51, size=(240, 240))

TINY_PNG = literal(png(np.zeros((8, 8, 3), np.uint8)))
TOO_LARGE = (65000, 65000)

# fmt: off
SAMPLES = (
    # good: all ten tones, then sizes, orientation and encodings
    *(Sample(f"good_mst{tone:02}.jpg", shot(tone, 100 + tone)) for tone in METERED_EV),
    Sample("good_no_lesion.jpg", shot(4, 120, lesion=False, hairs=60)),
    Sample("good_no_hair.jpg", shot(8, 121, hairs=0, size=(1280, 960))),
    Sample("good_640x480.jpg", shot(5, 122, size=(640, 480), quality=92)),
    Sample("good_2400x1800.jpg", shot(6, 123, size=(2400, 1800), quality=75, noise=1.0)),
    Sample("good_square_1300.jpg", shot(3, 124, size=(1300, 1300), quality=80)),
    Sample("good_orientation6.jpg", stored(turned, 7, 125, size=(780, 1040))),
    Sample("good_progressive.jpg", stored(partial(camera.jpeg, quality=85, progressive=True), 2, 126)),
    Sample("good_grey.jpg", stored(grey_jpeg, 6, 127)),
    Sample("good_cmyk.jpg", stored(cmyk_jpeg, 5, 128, size=(640, 480))),
    Sample("good_16bit.png", stored(deep_png, 4, 129, size=(320, 240))),
    Sample("good_alpha.png", stored(round_corners, 8, 130, size=(360, 270))),
    Sample("good_base64.txt", of(damage.base64_text, shot(4, 131, size=(480, 360)))),

    # 400: cannot be read
    Sample("base64_illegal_character.txt", of(damage.illegal_character, of(damage.base64_text, SMALL_JPEG)),
           causes="base64_invalid"),
    Sample("empty.jpg", literal(b""), causes="image_missing"),
    Sample("only_the_start.jpg", literal(damage.JPEG_START), causes="file_too_small"),
    Sample("animation.gif", stored(gif, 5, 52, size=SMALL), causes="format_unsupported"),
    Sample("heic_from_iphone.jpg", stored(heic, 6, 56, size=(480, 360)), causes="format_unsupported"),
    Sample("document.jpg", literal(PDF), causes="format_unsupported"),
    Sample("error_page.jpg", literal(ERROR_PAGE), causes="format_unsupported"),
    Sample("declared_png_is_jpeg.txt", of(damage.data_uri, SMALL_JPEG, "image/png"),
           causes="format_mismatch"),
    Sample("truncated.jpg", of(damage.cut, shot(6, 53, size=(800, 600)), 0.6), causes="image_truncated"),
    Sample("truncated.png", of(damage.cut, SMALL_PNG, 0.6), causes="image_truncated"),
    Sample("damaged_middle.jpg", of(damage.damage_scan, shot(3, 54, size=(800, 600))),
           causes="image_corrupt"),
    Sample("damaged_checksum.png", of(damage.break_checksum, SMALL_PNG), causes="image_corrupt"),
    Sample("animated.png", stored(animated, 5, 55, size=(240, 240)), causes="image_animated"),
    Sample("declared_65000x65000.jpg", of(damage.declare_size, SMALL_JPEG, *TOO_LARGE),
           causes="image_too_large"),
    Sample("declared_65000x65000.png", of(damage.declare_size, TINY_PNG, *TOO_LARGE),
           causes="image_too_large"),
    Sample("many_scans.jpg", of(damage.repeat_scan, stored(partial(camera.jpeg, quality=60, progressive=True),
           7, 57, size=SMALL), 120), causes="image_too_large"),
    Sample("packed_text.png", of(damage.pack_text, TINY_PNG, 4 << 20), causes="image_too_large"),

    # 422 that rejects by default
    Sample("tiny_200x150.jpg", shot(5, 200, size=(200, 150), quality=92), causes="resolution_too_low"),
    Sample("blurred_defocus_mst01.jpg", shot(1, 201, defocused(6)), causes="image_blurred"),
    Sample("blurred_defocus_mst06.jpg", shot(6, 202, defocused(5)), causes="image_blurred"),
    Sample("blurred_defocus_mst10.jpg", shot(10, 203, defocused(8)), causes="image_blurred"),
    Sample("blurred_strong_mst04.jpg", shot(4, 204, defocused(14)), causes="image_blurred"),
    Sample("blurred_noisy_mst05.jpg", shot(5, 205, defocused(7), noise=7, quality=80),
           causes="image_blurred"),
    Sample("shaken_24px_mst03.jpg", shot(3, 206, shaken(24, 20)), causes="motion_blurred"),
    Sample("shaken_36px_mst07.jpg", shot(7, 207, shaken(36, 115)), causes="motion_blurred"),
    Sample("dark_mst06.jpg", shot(6, 208, ev=-4.5), causes="underexposed"),
    Sample("dark_mst02.jpg", shot(2, 209, ev=-5.5), causes="underexposed"),
    Sample("bright_mst02.jpg", shot(2, 210, ev=2.2, hairs=60), causes="overexposed"),
    Sample("hazy_mst05.jpg", shot(5, 211, partial(camera.haze, share=0.85), noise=0.5, quality=92),
           causes="low_contrast"),

    # 422 that warns by default
    Sample("strip_1600x240.jpg", shot(4, 220, size=(1600, 240)), warnings="aspect_ratio_extreme"),
    Sample("glare_mst06.jpg", shot(6, 221, flashed(30, 26, 221)), warnings="glare"),
    Sample("side_light_mst04.jpg", shot(4, 222, partial(camera.uneven, stops=4.5, angle=160), ev=0.3),
           warnings="uneven_lighting"),
    Sample("noisy_mst05.jpg", shot(5, 223, noise=24, quality=70), warnings="noise_high"),
    Sample("tungsten_mst05.jpg", shot(5, 224, partial(camera.tint, gains=camera.TUNGSTEN), ev=-0.4),
           warnings="colour_cast"),
    Sample("compressed_q7_mst03.jpg", shot(3, 225, quality=7), warnings="compression_heavy"),
    Sample("denim.jpg", cloth(DENIM, 226), warnings="no_skin_visible"),
    # A frame filled with one saturated colour cannot be told from a coloured light.
    Sample("loden.jpg", cloth(LODEN, 227), warnings="colour_cast no_skin_visible"),
    Sample("bare_field.png", bare_field, warnings="focus_undetermined"),
    Sample("back_focused_mst05.jpg", shot(5, 229, back_focused(6)), warnings="focus_undetermined"),
    Sample("gps.jpg", stored(located, 5, 228), warnings="location_embedded"),
)
# fmt: on


def main() -> None:
    """Write the pictures and the table."""
    PICTURES.mkdir(exist_ok=True)
    # NumPy and OpenCV let go of the interpreter, and every recipe has its own seed: threads change only the time.
    with ThreadPoolExecutor() as pool:
        for sample, data in zip(SAMPLES, pool.map(lambda sample: sample.recipe(), SAMPLES), strict=True):
            (PICTURES / sample.name).write_bytes(data)
    with EXPECTED.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["file", "ok", "status", "causes", "warnings"])
        for sample in SAMPLES:
            ok = "false" if sample.causes else "true"
            table.writerow([sample.name, ok, sample.status, sample.causes, sample.warnings])


if __name__ == "__main__":
    main()
