"""TARGETS: what the figures must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from benchmarks.speed.calls import FAIR, KERNELS, LAPLACIAN_12MP, NAIVE, PHOTOS, SIZES, STAGES, THREADS, TWO_OVER_ONE
from benchmarks.speed.processes import COLD, GROWTH, IMPORT, IMPORT_CV2, MEMORY, ONE_PHOTO, SCRIPT
from benchmarks.speed.rivals import CHECK, DECODER, FLOOR, RECIPE, TO_GREY
from benchmarks.tables import Line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.speed.record import Figure

ANY = "any row"


class Target(NamedTuple):
    """A bound on the figures of one column of a table, in one row or in all; the worst of them counts.

    Attributes:
        sense: "slower": check() may take at most `bound` times as long. "faster": the other must take at least
            `bound` times as long. "most": the figure itself is at most `bound`.
    """

    what: str
    table: str
    row: str
    column: str
    sense: Literal["slower", "faster", "most"]
    bound: float

    def line(self, figures: Sequence[Figure], skipped: Mapping[str, str]) -> Line:
        found = [
            figure
            for figure in figures
            if figure.table == self.table and figure.column == self.column and self.row in {ANY, figure.row}
        ]
        unit = found[0].unit if found else "x"
        required = f"at {'least' if self.sense == 'faster' else 'most'} {self.bound:g} {unit}"
        if not found:
            reason = skipped.get(self.column) or skipped.get(self.table) or "not tried"
            return Line(self.what, required, f"not measured: {reason}", None)
        values = [1 / figure.median if self.sense == "slower" else figure.median for figure in found]
        worst = min(values) if self.sense == "faster" else max(values)
        met = worst >= self.bound if self.sense == "faster" else worst <= self.bound
        each = f" ({', '.join(f'{value:.2f}' for value in values)})" if len(values) > 1 else ""
        return Line(self.what, required, f"{worst:.2f} {unit}{each}", met)


TARGETS = (
    Target("check() over the entropy floor (aim: 1.25)", PHOTOS, ANY, FLOOR, "slower", 1.45),
    Target("check() over the decoder alone", PHOTOS, ANY, DECODER, "slower", 1.15),
    Target("pasted recipe over check()", PHOTOS, ANY, RECIPE, "faster", 4.2),
    Target("image-quality-ai over check()", PHOTOS, ANY, "image-quality-ai", "faster", 9),
    Target("capturetrust over check()", PHOTOS, ANY, "capturetrust", "faster", 9),
    Target("cleanvision's three over check()", PHOTOS, ANY, "cleanvision", "faster", 13),
    Target("sharp's stats() over check()", PHOTOS, ANY, "sharp stats()", "faster", 13),
    Target("2 MP JPEG: pasted recipe over check()", SIZES, "JPEG, 2 MP", RECIPE, "faster", 2.2),
    Target("0.3 MP JPEG: pasted recipe over check()", SIZES, "JPEG, 0.3 MP", RECIPE, "faster", 1),
    Target("12 MP PNG: check() over cv2.imdecode to grey", SIZES, "PNG, 12 MP", TO_GREY, "slower", 1.15),
    Target("12 MP: cv2.Laplacian(CV_64F).var() over the kernel", KERNELS, LAPLACIAN_12MP, NAIVE, "faster", 12),
    Target("12 MP: CV_16S and meanStdDev over the kernel", KERNELS, LAPLACIAN_12MP, FAIR, "faster", 4),
    Target("all measuring, of check()", STAGES, ANY, "measure", "most", 12),
    Target("pictures a second, two threads over one", THREADS, CHECK, TWO_OVER_ONE, "faster", 1.85),
    Target("check(): growth of peak memory", MEMORY, CHECK, GROWTH, "most", 30),
    Target("import cv2 over import imagegate", COLD, IMPORT, IMPORT_CV2, "faster", 2),
    Target("imagegate check, whole process, over the cv2 script", COLD, ONE_PHOTO, SCRIPT, "slower", 2.5),
)


def target_lines(figures: Sequence[Figure], skipped: Mapping[str, str]) -> list[Line]:
    accuracy = Line("verdicts and accuracy figures", "unchanged", "docs/accuracy.md tells", None)
    return [*(target.line(figures, skipped) for target in TARGETS), accuracy]
