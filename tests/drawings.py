"""Drawn pictures with hard edges on the grid of a JPEG's blocks: screens, tables, charts, patterns and codes."""

import io
import random

import numpy as np
from PIL import Image, ImageDraw

QUALITIES = (50, 60, 75, 85, 90, 95, 100)


def saved(draw, number):
    """A JPEG of one drawing, the same for the same number."""
    chosen = random.Random(f"{draw.__name__} {number}")  # noqa: S311 - drawings are no secret
    out = io.BytesIO()
    size = chosen.randint(300, 1200), chosen.randint(200, 900)
    draw(chosen, *size).save(out, "JPEG", quality=chosen.choice(QUALITIES), subsampling=chosen.choice((0, 1, 2)))
    return out.getvalue()


def color(chosen, low=0, high=255):
    return tuple(chosen.randint(low, high) for _ in range(3))


def near(chosen, shade, by):
    return tuple(max(0, min(255, value + chosen.randint(-by, by))) for value in shade)


def on_grid(chosen, length, grid):
    return chosen.randint(1, max(1, length // grid - 2)) * grid


def tabs(chosen, width, height):
    """A selected tab: the page's color rises by one step of the grid, from there to the right edge."""
    grid, paper = chosen.choice((8, 16, 32)), color(chosen, 120)
    image = Image.new("RGB", (width, height), paper)
    pen, page = ImageDraw.Draw(image), near(chosen, paper, chosen.choice((15, 40, 80)))
    x, y = on_grid(chosen, width, grid), on_grid(chosen, height, grid)
    pen.rectangle((0, y + grid, width, height), fill=page)
    pen.rectangle((x, y, width, height), fill=page)
    for left in range(chosen.randint(0, 40), width, chosen.randint(20, 90)):
        pen.line((left, 0, left, height), fill=near(chosen, page, 90))
    return image


def table(chosen, width, height):
    row, paper = chosen.choice((16, 24, 32)), color(chosen, 200)
    image = Image.new("RGB", (width, height), paper)
    pen, band = ImageDraw.Draw(image), near(chosen, paper, 20)
    for top in range(0, height, 2 * row):
        pen.rectangle((0, top, width, top + row - 1), fill=band)
        pen.rectangle((0, top + row, chosen.randint(1, width), top + 2 * row - 1), fill=near(chosen, band, 40))
        pen.text((6, top + 3), "word " * chosen.randint(2, width // 40), fill=color(chosen, 0, 90))
    return image


def chart(chosen, width, height):
    image = Image.new("RGB", (width, height), color(chosen, 210))
    pen, shade, bars = ImageDraw.Draw(image), color(chosen), chosen.randint(3, 40)
    y = height // 2
    for number in range(bars):
        y += chosen.choice((-16, -8, 0, 0, 8, 16))
        pen.rectangle((number * width // bars, y // 8 * 8, (number + 1) * width // bars - 1, height), fill=shade)
    return image


def stripes(chosen, width, height):
    period, shades = chosen.choice((4, 6, 8, 12, 16, 24, 48)), np.array([color(chosen), color(chosen)])
    across, down = np.arange(width)[np.newaxis] // period % 2, np.arange(height)[:, np.newaxis] // period % 2
    pattern = np.broadcast_to(across, (height, width)) if chosen.random() < 0.5 else across ^ down
    return stepped(chosen, shades[pattern])


def barcode(chosen, width, height):
    pixels, x = np.full((height, width, 3), color(chosen, 215)), 10
    while x < width - 30:
        bar = chosen.randint(1, 6)
        pixels[16:-16, x : x + bar] = 0
        x += bar + chosen.randint(1, 6)
    return stepped(chosen, pixels)


def stepped(chosen, pixels):
    """A shade over the lower part of a drawing, whose upper edge has one step, as a highlight or a tab has."""
    height, width = pixels.shape[:2]
    grid = chosen.choice((8, 16))
    x, y = on_grid(chosen, width, grid), on_grid(chosen, height, grid)
    shaded = pixels.astype(int)
    by = chosen.choice((-40, -20, 20, 40))
    shaded[y + grid :] += by
    shaded[y : y + grid, x:] += by
    return Image.fromarray(shaded.clip(0, 255).astype(np.uint8))


KINDS = (tabs, table, chart, stripes, barcode)
