"""The overlay: what is blurred or clipped is marked where it is seen, and nothing else is."""

import pathlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

import imagegate
from imagegate.measurements import Maps
from imagegate.overlay import draw_layer, draw_marks, draw_overlay, draw_picture
from imagegate.policy import Policy
from tests.scenes import blurred, encoded, polygons

TILE = 32
EXIF_ORIENTATION = 0x0112
SAMPLES = pathlib.Path(__file__).parents[1] / "sample_images"


def grey_maps(tiles, *, luma=None, orientation=1):
    """Maps of an even grey picture with this blur radius in its tiles."""
    tiles = np.array(tiles, np.float32)
    if luma is None:
        luma = np.full((tiles.shape[0] * TILE, tiles.shape[1] * TILE), 128, np.uint8)
    return Maps(luma=luma, rgb=None, blur_radius=tiles, orientation=orientation)


def photo(image, maps, *, turned=False):
    """The part of an overlay above the legend."""
    height, width = maps.luma.shape
    return np.asarray(image)[: width if turned else height, : height if turned else width].astype(int)


def tiles_of(changed, maps):
    """Tiles in which any level has changed."""
    rows, columns = maps.blur_radius.shape
    return changed[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE * 3).any(axis=(1, 3))


def marked(image, maps):
    """Tiles of the overlay in which any pixel differs from the picture."""
    return tiles_of(photo(image, maps) != maps.luma[:, :, None], maps)


def test_only_tiles_above_the_limit_are_marked():
    maps = grey_maps([[1.9, 2.0, 2.1] * 4, [np.nan, 0.0, 9.0] * 4])

    assert (marked(draw_overlay(maps, 2.0), maps) == (maps.blur_radius > 2.0)).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_layer_over_the_picture_is_the_overlay(orientation):
    luma = np.full((64, 384), 128, np.uint8)
    luma[10:22, 100:112], luma[40:50, 300:320] = 255, 0
    maps = grey_maps([[1.9, 2.0, 2.1] * 4, [np.nan, 0.0, 9.0] * 4], luma=luma, orientation=orientation)
    stored = Image.fromarray(luma)
    exif = stored.getexif()
    exif[EXIF_ORIENTATION] = orientation
    stored.info["exif"] = exif.tobytes()
    seen = ImageOps.exif_transpose(stored).convert("RGB")
    layer = draw_layer(maps, 2.0)
    marks = layer.image.convert("RGBA")
    seen.paste(marks, mask=marks)
    overlay = draw_overlay(maps, 2.0)

    assert (np.asarray(seen) == np.asarray(overlay)[: seen.height, : seen.width]).all()
    assert layer.shares == {"blurred": 8 / 24, "clipped": 144 / luma.size, "crushed": 200 / luma.size}


@pytest.mark.parametrize("limit", [None, float("inf")])
def test_a_policy_without_a_limit_marks_no_blur(limit):
    maps = grey_maps([[50.0] * 12] * 2)

    assert not marked(draw_overlay(maps, limit), maps).any()


@pytest.mark.parametrize(("level", "clipped"), [(0, True), (5, True), (6, False), (249, False), (250, True)])
def test_clipped_and_crushed_pixels_are_marked_as_the_shares_count_them(level, clipped):
    luma = np.full((64, 384), 128, np.uint8)
    luma[10:22, 100:112] = level
    maps = grey_maps(np.full((2, 12), np.nan), luma=luma)
    changed = (photo(draw_overlay(maps, 2.0), maps) != luma[:, :, None]).any(axis=2)

    assert changed[10:22, 100:112].mean() >= 0.5 * clipped
    assert changed[10:22, 100:112].any() == clipped
    assert not np.delete(changed, np.s_[100:112], axis=1).any()


def test_blur_highlights_and_shadows_look_different_without_colour():
    """Told apart by pattern: strokes that leave the picture between them, one solid tone, and two tones."""
    luma = np.full((64, 384), 128, np.uint8)
    luma[:, 128:256], luma[:, 256:] = 255, 0
    maps = grey_maps([[9.0] * 4 + [np.nan] * 8] * 2, luma=luma)
    seen = photo(draw_overlay(maps, 2.0), maps) @ (0.299, 0.587, 0.114)
    blur, bright, dark = seen[:, :128], seen[:, 128:256], seen[:, 256:]

    assert 0.3 < (np.abs(blur - 128) < 0.5).mean() < 0.8
    assert len(np.unique(bright)) == 1
    assert len(np.unique(dark)) == 2


def test_a_mark_shows_on_every_tone():
    """On any grey, some pixels of the strokes differ from it by a third of the range."""
    for level in range(6, 250, 4):
        maps = grey_maps([[9.0] * 12] * 2, luma=np.full((64, 384), level, np.uint8))
        seen = photo(draw_overlay(maps, 2.0), maps) @ (0.299, 0.587, 0.114)
        assert np.abs(seen - level).max() > 255 / 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_picture_is_turned_as_a_viewer_turns_it(orientation):
    """Expected from Pillow's own exif_transpose."""
    rgb = polygons(320, 480)
    image = Image.fromarray(rgb)
    exif = image.getexif()
    exif[EXIF_ORIENTATION] = orientation
    report = imagegate.check(
        encoded(rgb, "PNG", exif=exif), detail=True, policy=Policy(limits={"blur_radius": {"max": 99}})
    )
    image.info["exif"] = exif.tobytes()
    expected = np.asarray(ImageOps.exif_transpose(image)).astype(int)
    seen = np.asarray(report.overlay()).astype(int)[: expected.shape[0], : expected.shape[1]]
    luma = expected @ (0.299, 0.587, 0.114)

    assert (report.measurements.width, report.measurements.height) == expected.shape[1::-1]
    assert ((seen == expected).all(axis=2) | (luma < 7) | (luma > 248)).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_marks_turn_with_the_picture(orientation):
    """The one blurred tile lies over the one light corner, whichever way the picture is turned."""
    luma = np.full((320, 384), 60, np.uint8)
    luma[:TILE, 3 * TILE : 4 * TILE] = 200
    tiles = np.zeros((10, 12))
    tiles[0, 3] = 9.0
    maps = grey_maps(tiles, luma=luma, orientation=orientation)
    turned = orientation >= 5
    plain = photo(draw_overlay(maps, None), maps, turned=turned)[:, :, 0]
    seen = photo(draw_overlay(maps, 2.0), maps, turned=turned)
    changed = (seen != plain[:, :, None]).any(axis=2)

    assert changed.any()
    assert (plain[changed] == 200).all()


@pytest.mark.parametrize("shape", [(1, 1), (31, 40), (1, 1000), (1000, 1), (333, 999)])
def test_every_size_has_an_overlay_with_the_whole_picture(shape):
    report = imagegate.check(np.full(shape, 128, np.uint8), detail=True)
    overlay = report.overlay()

    assert overlay.mode == "RGB"
    assert overlay.width >= shape[1]
    assert overlay.height > shape[0]
    assert (np.asarray(overlay)[: shape[0], : shape[1]] == 128).all()


@pytest.mark.parametrize("side", [1101, 1400, 1633, 1799])
def test_the_drawn_picture_lies_under_the_marks_where_luma_was_reduced(side):
    """Some levels apart: colours are reduced with less care, and the edges of the scene are sharp."""
    colours = (polygons(side * 3 // 4, side) * (1.0, 0.8, 0.6)).astype(np.uint8)
    maps = imagegate.check(colours, detail=True).maps
    drawn = np.asarray(draw_picture(maps).convert("L")).astype(int)

    assert drawn.shape == maps.luma.shape
    assert np.abs(drawn - maps.luma).mean() < 1
    assert np.abs(np.roll(drawn, 2, axis=1) - maps.luma).mean() > np.abs(drawn - maps.luma).mean()


def test_the_same_picture_has_the_same_overlay_and_drawing_leaves_the_maps_alone():
    report = imagegate.check(encoded(polygons()), detail=True)
    before = report.maps.rgb.copy(), report.maps.luma.copy()
    first, second = report.overlay(), report.overlay()

    assert first.tobytes() == second.tobytes()
    assert (report.maps.rgb == before[0]).all()
    assert (report.maps.luma == before[1]).all()


def test_the_blurred_half_is_marked_and_the_sharp_half_is_not():
    sharp = polygons()
    half = sharp.copy()
    half[:, :512] = blurred(sharp, 6.0)[:, :512]
    report = imagegate.check(half, detail=True, policy=Policy(limits={"blur_radius": {"max": 4.0}}))
    plain = draw_overlay(report.maps, None)
    changed = (np.asarray(report.overlay()) != np.asarray(plain))[:768].any(axis=2)

    assert changed[:, :480].mean() > 10 * changed[:, 544:].mean()
    assert changed[:, :480].mean() > 0.15


@pytest.mark.parametrize("radius", [6, 10])
def test_most_of_a_blurred_half_of_skin_is_marked_however_strong_the_blur(radius):
    """Strong blur leaves no texture in many tiles, which by themselves could not be told from smooth skin."""
    skin = np.asarray(Image.open(SAMPLES / "good_mst05.jpg").convert("RGB")).copy()
    middle = skin.shape[1] // 2
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2).astype(float)
    skin[:, :middle] = cv2.filter2D(skin, -1, disk / disk.sum())[:, :middle]
    maps = imagegate.check(skin, detail=True).maps
    left, right = np.array_split(
        tiles_of(np.asarray(draw_marks(maps, 2.8)) != np.asarray(draw_picture(maps)), maps), 2, 1
    )

    assert left[:, :-1].mean() > 0.5
    assert right[:, 1:].mean() < 0.05


def test_a_tile_without_texture_is_as_the_nearest_with_some_and_of_several_as_the_sharpest():
    nothing = np.nan
    maps = grey_maps([[9.0, nothing, nothing, nothing, 0.0], [nothing, nothing, 9.0, nothing, nothing]])
    expected = [[1, 1, 1, 0, 0], [1, 1, 1, 1, 0]]

    assert (marked(draw_overlay(maps, 2.0), maps) == np.array(expected, bool)).all()


def test_without_maps_there_is_nothing_to_draw():
    with pytest.raises(ValueError, match="detail=True"):
        imagegate.check(polygons()).overlay()
