"""The overlay: the working picture as it is seen, with what is blurred, clipped or crushed marked on it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from imagegate.header.exif import TO_SEEN
from imagegate.kernels.structure import TILE
from imagegate.measure.exposure import BLACK, WHITE
from imagegate.measurements import Maps
from imagegate.reduction import WHOLE, eighths

Mask: TypeAlias = NDArray[np.bool_]
Colours: TypeAlias = NDArray[np.uint8]

# Of Okabe and Ito's palette, told apart with every kind of colour blindness ("Color Universal Design", 2008), those
# that skin never has; its vermilion was lost on reddened skin. Blue is dark for what is white, purple light for black.
YELLOW: Final = (240, 228, 66)
BLUE: Final = (0, 114, 178)
PURPLE: Final = (204, 121, 167)
INK: Final = (0, 0, 0)

HATCH_PITCH: Final = 16  # pixels; two strokes a tile
HATCH_STROKE: Final = 7  # pixels along a row, of colour between two dark ones: seen on every tone of skin
CHECK: Final = 3  # pixels

PAPER: Final = (32, 32, 32)
TEXT: Final = (240, 240, 240)
TEXT_SIZE: Final = 15
SWATCH: Final = 32
MARGIN: Final = 10
NARROWEST: Final = 320  # pixels: the width the legend needs at least


class _Mark(NamedTuple):
    """One kind of trouble: where it is, how it is drawn, what it is called."""

    where: Mask
    pattern: Callable[[tuple[int, ...]], tuple[Mask, Mask]]
    colour: tuple[int, int, int]
    label: str


class Layer(NamedTuple):
    """The marks without the picture.

    Attributes:
        image: A palette image of the size of the working picture as it is seen, transparent where nothing is marked.
        shares: What share of the picture is "blurred", "clipped" and "crushed": 0 to 1.
    """

    image: Image.Image
    shares: dict[str, float]


def draw_layer(maps: Maps, blur_limit: float | None) -> Layer:
    """The marks of `draw_overlay` alone, for who has the picture: it can be laid over it, and no pixel travels.

    Args:
        maps: What `check(..., detail=True)` kept.
        blur_limit: As for `draw_overlay`.
    """
    marks = [mark._replace(where=_as_seen(mark.where, maps.orientation)) for mark in _marks(maps, blur_limit)]
    shape = marks[0].where.shape
    painted = np.zeros(shape, np.uint8)
    for number, mark in enumerate(marks, 2):
        coloured, edge = mark.pattern(shape)
        painted[mark.where & edge] = 1
        painted[mark.where & coloured] = number
    image = Image.fromarray(painted)
    image.putpalette([*INK, *INK, *(level for mark in marks for level in mark.colour)])
    image.info["transparency"] = 0
    shares = zip(("blurred", "clipped", "crushed"), (float(mark.where.mean()) for mark in marks), strict=True)
    return Layer(image, dict(shares))


def draw_overlay(maps: Maps, blur_limit: float | None) -> Image.Image:
    """The working picture as a viewer shows it, with a legend below.

    Blurred tiles are hatched, clipped highlights are solid, crushed shadows are chequered. A tile without texture is
    taken to be as the nearest that has some. The same maps give the same pixels.

    Args:
        maps: What `check(..., detail=True)` kept.
        blur_limit: The policy's limit: a tile is blurred where its blur radius, in pixels of a 1000-pixel picture,
            is above it; None marks no blur. The verdict rests on the tiles with the strongest edges, so single
            tiles above the limit do not yet make a blurred picture.

    Returns:
        An RGB image, as wide as the working picture or 320 pixels, whichever is more.
    """
    return _above_legend(*_marked(maps, blur_limit))


def draw_picture(maps: Maps) -> Image.Image:
    """The working picture as a viewer shows it, in RGB and with nothing marked."""
    return Image.fromarray(_as_seen(_colours(maps), maps.orientation))


def draw_marks(maps: Maps, blur_limit: float | None) -> Image.Image:
    """`draw_overlay` without its legend, for who has one elsewhere."""
    return Image.fromarray(_marked(maps, blur_limit)[0])


def _marked(maps: Maps, blur_limit: float | None) -> tuple[Colours, list[_Mark]]:
    """The picture as it is seen, with the marks that are painted on it."""
    seen = _as_seen(_colours(maps), maps.orientation)
    marks = [mark._replace(where=_as_seen(mark.where, maps.orientation)) for mark in _marks(maps, blur_limit)]
    for mark in marks:
        _paint(seen, mark, mark.where)
    return seen, marks


def _colours(maps: Maps) -> Colours:
    """RGB of luma's size. By Pillow, which has no threads of its own."""
    if maps.rgb is None:
        return np.repeat(maps.luma[:, :, None], 3, axis=2)
    height, width = maps.luma.shape
    high, wide, _ = maps.rgb.shape
    scale = WHOLE / eighths(max(high, wide))
    seen = (0, 0, min(width * scale, wide), min(height * scale, high))
    return np.array(Image.fromarray(maps.rgb).resize((width, height), Image.Resampling.BILINEAR, seen))


def _marks(maps: Maps, blur_limit: float | None) -> list[_Mark]:
    """Clipping is drawn over blur: it is the finer of the two."""
    limit = math.inf if blur_limit is None else blur_limit
    blurred = _of_tiles(_with_neighbours(maps.blur_radius) > limit, maps.luma.shape)
    return [
        _Mark(blurred, _hatch, YELLOW, "blurred" if math.isinf(limit) else f"blurred: radius over {limit:g} px"),
        _Mark(maps.luma >= WHITE, _solid, BLUE, "clipped highlights"),
        _Mark(maps.luma <= BLACK, _chequer, PURPLE, "crushed shadows"),
    ]


def _with_neighbours(radii: NDArray[np.float32]) -> NDArray[np.float32]:
    """The map without gaps: of the nearest tiles that have a radius, a tile without takes the smallest.

    Blur takes texture away, so of what is most blurred least would be marked: of halves of 12 dermoscopic photos that
    were blurred by 6 pixels of 1000 it was 59 % (median, 21 at least), and is 88 % so (68); of their sharp halves 5
    and 7 % (mean).
    """
    gaps, known = np.argwhere(np.isnan(radii)), np.argwhere(~np.isnan(radii))
    if not known.size:
        return radii
    away = ((gaps[:, None] - known) ** 2).sum(axis=2)
    nearest = away == away.min(axis=1, keepdims=True)
    whole = radii.copy()
    whole[np.isnan(radii)] = np.where(nearest, radii[~np.isnan(radii)], math.inf).min(axis=1)
    return whole


def _of_tiles(tiles: Mask, shape: tuple[int, ...]) -> Mask:
    """Tiles to pixels; what is left of the picture beside the last whole tile belongs to none."""
    pixels = np.zeros(shape, np.bool_)
    whole = tiles.repeat(TILE, axis=0).repeat(TILE, axis=1)
    pixels[: whole.shape[0], : whole.shape[1]] = whole
    return pixels


def _as_seen(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn and mirror an array (h, w, ...) as its EXIF orientation says."""
    swap, up_down, left_right = TO_SEEN[orientation - 1]
    turned = pixels.swapaxes(0, 1) if swap else pixels
    turned = turned[::-1] if up_down else turned
    return np.ascontiguousarray(turned[:, ::-1] if left_right else turned)


def _hatch(shape: tuple[int, ...]) -> tuple[Mask, Mask]:
    """Diagonal strokes: where they have their colour, and where their dark edge."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    phase = (x + y) % HATCH_PITCH
    return (phase > 0) & (phase < HATCH_STROKE - 1), phase < HATCH_STROKE


def _solid(shape: tuple[int, ...]) -> tuple[Mask, Mask]:
    return np.ones(shape, np.bool_), np.zeros(shape, np.bool_)


def _chequer(shape: tuple[int, ...]) -> tuple[Mask, Mask]:
    y, x = np.ogrid[: shape[0], : shape[1]]
    return (x // CHECK + y // CHECK) % 2 == 0, np.ones(shape, np.bool_)


def _paint(pixels: Colours, mark: _Mark, where: Mask) -> None:
    coloured, edge = mark.pattern(where.shape)
    pixels[where & edge] = INK
    pixels[where & coloured] = mark.colour


def _above_legend(seen: Colours, marks: list[_Mark]) -> Image.Image:
    height, width = seen.shape[:2]
    font = ImageFont.load_default(TEXT_SIZE)
    places = _places(marks, max(width, NARROWEST), font)
    bottom = height + places[-1][1] + SWATCH + MARGIN
    sheet = Image.new("RGB", (max(width, NARROWEST), bottom), PAPER)
    sheet.paste(Image.fromarray(seen), (0, 0))
    draw = ImageDraw.Draw(sheet)
    for mark, (x, y) in zip(marks, places, strict=True):
        sheet.paste(_swatch(mark), (x, height + y))
        middle = (x + SWATCH + MARGIN, height + y + SWATCH // 2)
        draw.text(middle, _caption(mark), TEXT, font, anchor="lm")
    return sheet


def _places(marks: list[_Mark], width: int, font: Any) -> list[tuple[int, int]]:
    """Where each entry of the legend goes: beside the last one while there is room, else on a new line."""
    places: list[tuple[int, int]] = []
    x = y = MARGIN
    for mark in marks:
        entry = SWATCH + MARGIN + math.ceil(font.getlength(_caption(mark)))
        if x > MARGIN and x + entry + MARGIN > width:
            x, y = MARGIN, y + SWATCH + MARGIN
        places.append((x, y))
        x += entry + 2 * MARGIN
    return places


def _swatch(mark: _Mark) -> Image.Image:
    pixels = np.full((SWATCH, SWATCH, 3), 160, np.uint8)
    _paint(pixels, mark, np.ones((SWATCH, SWATCH), np.bool_))
    return Image.fromarray(pixels)


def _caption(mark: _Mark) -> str:
    share = mark.where.mean()
    shown = f"{share:.0%}" if share == 0 or share >= 0.01 else "<1%"  # noqa: PLR2004 - one per cent
    return f"{mark.label}, {shown}"
