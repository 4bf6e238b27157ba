"""The doctor: what is installed, where compiled kernels are kept, and whether verdicts come out right here."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import msgspec

import imagegate
from imagegate.versions import versions

BLUR_SIGMA: Final = 6.0
QUALITY: Final = 90


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was tried.

    Attributes:
        name: What was tried.
        ok: Whether it worked.
        detail: What was found, or why it did not work.
    """

    name: str
    ok: bool
    detail: str


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """The state of an installation.

    Attributes:
        versions: Package to version.
        jit_cache: Where compiled kernels are kept, and whether they can be: without it every process compiles anew.
        decoders: What decodes JPEG and PNG, and whether it notices damage.
        self_test: A sharp and a blurred picture, drawn here, checked in each way in.
    """

    versions: Mapping[str, str]
    jit_cache: Probe
    decoders: tuple[Probe, ...]
    self_test: tuple[Probe, ...]

    @property
    def ok(self) -> bool:
        """Whether verdicts can be trusted: a cache that cannot be written costs only time."""
        return all(probe.ok for probe in (*self.decoders, *self.self_test))

    @property
    def failed(self) -> tuple[Probe, ...]:
        """All that did not work."""
        return tuple(probe for probe in (self.jit_cache, *self.decoders, *self.self_test) if not probe.ok)

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis as plain containers that JSON can hold."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return {"ok": self.ok} | plain


def diagnose() -> Diagnosis:
    """Examine this installation; whatever is wrong with it stands in the answer, and nothing is raised."""
    return Diagnosis(
        versions=dict(versions()),
        jit_cache=_probe("cache", _jit_cache),
        decoders=(_probe("JPEG", _jpeg_decoder), _probe("PNG", _png_decoder)),
        self_test=tuple(
            _probe(f"{'sharp' if sharp else 'blurred'} {form}", partial(_self_test, form, sharp=sharp))
            for form in _ENCODERS
            for sharp in (True, False)
        ),
    )


def _probe(name: str, probe: Callable[[], str]) -> Probe:
    try:
        return Probe(name=name, ok=True, detail=probe())
    except Exception as error:  # noqa: BLE001 - whatever a broken installation raises is the diagnosis
        return Probe(name=name, ok=False, detail=f"{type(error).__name__}: {error}")


def _jit_cache() -> str:
    """The place Numba's cache locator chose: beside the source, else in the user's cache, or NUMBA_CACHE_DIR."""
    kernel: Any = import_module("imagegate.kernels").laplacian_sums
    if not hasattr(kernel, "stats"):
        return "not used: NUMBA_DISABLE_JIT is set, and checking is slow"
    if kernel.stats.cache_path is None:
        raise RuntimeError("no place to keep it can be written to; NUMBA_CACHE_DIR can name one")
    place = Path(kernel.stats.cache_path)
    measures = Path(import_module("imagegate.measure.tiles").closed_forms.stats.cache_path)
    try:
        place.mkdir(parents=True, exist_ok=True)
        # Permissions do not tell of a read-only file system, and root passes them all.
        tempfile.TemporaryFile(dir=place).close()
    except OSError:
        imagegate.warmup()
        if not kernel.stats.cache_hits:
            raise
        return f"{place} cannot be written to, and has the kernels for this processor"
    count = sum(1 for folder in {place, measures} for _ in folder.glob("*.nbc"))
    return f"{place} is writable, {count} compiled kernels"


def _jpeg_decoder() -> str:
    simplejpeg = import_module("simplejpeg")
    whole = _jpeg(_scene())
    try:
        simplejpeg.decode_jpeg(whole[: len(whole) // 2], strict=True)
    except ValueError:
        return f"libjpeg-turbo by simplejpeg {simplejpeg.__version__}, strict about damage"
    raise RuntimeError("simplejpeg decodes half a file without a word")


def _png_decoder() -> str:
    cv2 = import_module("cv2")
    scene = _scene()
    decoded = cv2.imdecode(import_module("numpy").frombuffer(_png(scene), "uint8"), cv2.IMREAD_UNCHANGED)
    if decoded is None or not (decoded[:, :, ::-1] == scene).all():
        raise RuntimeError("OpenCV does not read back the PNG it wrote")
    return f"libpng by OpenCV {cv2.__version__}, exact"


def _self_test(form: str, *, sharp: bool) -> str:
    scene = _scene() if sharp else _blurred(_scene())
    report = imagegate.check(_ENCODERS[form](scene))
    codes = [finding.cause.code for finding in report.rejections]
    if (codes == []) if sharp else ("image_blurred" in codes):
        return "passes" if sharp else "rejected: image_blurred"
    raise RuntimeError(f"{'passing' if sharp else 'image_blurred'} expected, got {', '.join(codes) or 'passing'}")


def _scene() -> Any:
    """(480, 640, 3) uint8 RGB: polygons of many colours, the same at every call."""
    numpy, cv2 = import_module("numpy"), import_module("cv2")
    rng = numpy.random.default_rng(7)
    scene = numpy.full((480, 640, 3), 128, numpy.uint8)
    for _ in range(150):
        corners = rng.integers((0, 0), (640, 480)) + rng.integers(-60, 60, (5, 2))
        cv2.fillPoly(scene, [corners.astype(numpy.int32)], rng.integers(40, 220, 3).tolist())
    return scene


def _blurred(scene: Any) -> Any:
    return import_module("cv2").GaussianBlur(scene, (0, 0), BLUR_SIGMA)


def _jpeg(scene: Any) -> bytes:
    encoded: bytes = import_module("simplejpeg").encode_jpeg(scene, QUALITY)
    return encoded


def _png(scene: Any) -> bytes:
    _, encoded = import_module("cv2").imencode(".png", scene[:, :, ::-1])
    data: bytes = encoded.tobytes()
    return data


def _base64(scene: Any) -> str:
    text: bytes = import_module("pybase64").b64encode(_jpeg(scene))
    return text.decode("ascii")


_ENCODERS: Final[Mapping[str, Callable[[Any], bytes | str]]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "Base64": _base64,
}
