"""Photos to renditions: engines/images beside naive Pillow, Willow and libvips, in one run.

    python -m tests.bench.bench_images [--art FOLDER] [--photos FOLDER] [--rounds 3]

Needs numpy, Willow, pyvips with pyvips-binary, and pillow-heif for the HEIC line. Prints CPU
time, peak memory, bytes and SSIM; it gates nothing. No real photos can be shipped, so scenes are
made: vector drawings (`--art`, .svg) and fractal hills with leaves, foliage texture, lens blur
and sensor grain, saved as a phone saves them. `--photos` adds a folder of real ones: from 2,000 px
on they go the whole way; smaller ones are encoded at their own size as the 1024 WebP is, which
shows what the quality does to real grain, skin and leaves.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageFilter

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from desa_web.engines.images import Rendition, Studio  # noqa: E402

# The engine's own settings, so that only the ways are compared.
from desa_web.engines.images.outputs import JPEG_QUALITY, webp_settings  # noqa: E402

EDGES = (1600, 1024, 640, 320)
# A 12 MP phone photo is 3 to 6 MB.
PHONE_QUALITY = 93
SIZE_12_MP, SIZE_48_MP = (4000, 3000), (8000, 6000)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    art = ROOT.parent / "shared" / "design" / "look" / "art"
    parser.add_argument("--art", type=Path, default=art, help="folder with .svg drawings")
    parser.add_argument("--photos", type=Path, help="folder with real photos")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["speed", "looks"])
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("photo", nargs="?", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        _measure_here(options.way, options.photo)
        return
    with tempfile.TemporaryDirectory() as folder:
        photos = list(_phone_photos(Path(folder), options.art))
        real = sorted(p for p in (options.photos or Path(folder, "none")).glob("*") if p.is_file())
        large = [photo for photo in real if _edge_of(photo) >= 2000]
        if options.only != "looks":
            _print_speed(photos[0], Path(folder), options.rounds)
        if options.only != "speed":
            _print_looks(photos, Path(folder))
            if large:
                _print_looks(large, Path(folder))
            _print_native([photo for photo in real if 0 < _edge_of(photo) < 2000])


def _print_speed(photo: Path, folder: Path, rounds: int) -> None:
    big = folder / "big.jpg"
    with Image.open(photo) as image:
        _with_grain(image.resize(SIZE_48_MP, Image.Resampling.BICUBIC), 8).save(big, quality=88)
    progressive, heic = folder / "progressive.jpg", folder / "phone.heic"
    with Image.open(big) as image:
        image.save(progressive, quality=88, progressive=True)
    inputs = {"12 MP": photo, "48 MP": big, "48 MP progressive": progressive}
    if _save_heic(photo, heic):
        inputs["12 MP HEIC"] = heic
    for name, path in inputs.items():
        size_mb = path.stat().st_size / 2**20
        print(f"\n{name}: {size_mb:.1f} MB; CPU s (best of {rounds}), peak MB")
        ways = ["ours", "ours-from-upload"]
        if path.suffix == ".jpg":
            ways += ["naive", "willow", "vips-each", "vips-cascade"]
        results = {way: _best(way, path, rounds) for way in ways}
        for way, (cpu_s, peak_mb) in results.items():
            print(f"  {way:18} {cpu_s:6.3f} {peak_mb:6.0f}   {_ratios(way, results)}")


def _ratios(way: str, results: dict[str, tuple[float, float]]) -> str:
    if way != "ours" or "willow" not in results:
        return ""
    mine = results[way][0]
    vips = min(results["vips-each"][0], results["vips-cascade"][0])
    others = {"best libvips": vips, "Willow": results["willow"][0], "naive": results["naive"][0]}
    return ", ".join(f"{mine / other:.2f} of {name}" for name, other in others.items())


def _print_looks(photos: list[Path], folder: Path) -> None:
    print("\nphoto            MB   all %  640 %  SSIM of the 1024 WebP   master MB  SSIM")
    alls, smalls, scores = [], [], []
    with Studio() as studio:
        for photo in photos:
            size = photo.stat().st_size
            master_path = folder / "master"
            master = studio.ingest(photo, master_path, max_edge_px=2560)
            made = studio.renditions(master_path, folder / "made")
            share = sum(one.size_bytes for one in made) / size * 100
            small = _webp(made, 640).size_bytes / size * 100
            shown = folder / "made" / _webp(made, 1024).name
            score, kept = _ssim_to(photo, shown), _ssim_to(photo, master_path)
            print(
                f"{photo.stem:14} {size / 2**20:5.1f} {share:7.1f} {small:6.2f} {score:9.4f}"
                f" {master.size_bytes / 2**20:23.2f} {kept:6.4f}"
            )
            alls.append(share)
            smalls.append(small)
            scores.append(score)
    print(
        f"{len(photos)} photos: all {statistics.mean(alls):.1f} % (worst {max(alls):.1f}), "
        f"640 {statistics.mean(smalls):.2f} % (worst {max(smalls):.2f}), "
        f"SSIM {statistics.mean(scores):.4f} (worst {min(scores):.4f})"
    )


def _print_native(photos: list[Path]) -> None:
    """Real photos that are small: nothing is shrunk, only encoded as the 1024 WebP is."""
    scores = []
    for photo in photos:
        quality, method = webp_settings(1024)
        with Image.open(photo) as opened, tempfile.NamedTemporaryFile(suffix=".webp") as made:
            image = opened.convert("RGB")
            image.save(made.name, "WEBP", quality=quality, method=method)
            scores.append(_ssim_to(photo, Path(made.name)))
            bits = 8 * Path(made.name).stat().st_size / (image.width * image.height)
        print(f"{photo.stem:18} {image.width}x{image.height} {bits:5.2f} bit/px {scores[-1]:.4f}")
    if scores:
        mean, worst = statistics.mean(scores), min(scores)
        print(f"{len(scores)} real photos at their own size: SSIM {mean:.4f} (worst {worst:.4f})")


def _edge_of(photo: Path) -> int:
    try:
        with Image.open(photo) as image:
            return max(image.size)
    except OSError:
        return 0


def _webp(made: list[Rendition], edge: int) -> Rendition:
    return next(
        one for one in made if one.mime == "image/webp" and max(one.width_px, one.height_px) == edge
    )


def _best(way: str, photo: Path, rounds: int) -> tuple[float, float]:
    if way.startswith("ours"):
        results = [_ours(way, photo) for _ in range(rounds)]
    else:
        command = [sys.executable, __file__, "--way", way, str(photo)]
        environment = os.environ | {"VIPS_CONCURRENCY": "1"}
        results = []
        for _ in range(rounds):
            done = subprocess.run(command, capture_output=True, check=True, env=environment)
            results.append(tuple(json.loads(done.stdout)))
    return min(cpu for cpu, _ in results), max(peak for _, peak in results)


def _ours(way: str, photo: Path) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as out, Studio() as studio:
        source, cpu_s, peak_mb = photo, 0.0, 0.0
        if way == "ours-from-upload":
            source = Path(out) / "master"
            studio.ingest(photo, source)
            cpu_s, peak_mb = studio.last_usage["cpu_s"], studio.last_usage["peak_mb"]
        studio.renditions(source, Path(out) / "made")
        usage = studio.last_usage
        return cpu_s + usage["cpu_s"], max(peak_mb, usage["peak_mb"])


def _measure_here(way: str, photo: Path) -> None:
    """Run one way in this process; CPU without the imports, memory with them."""
    work = _WAYS[way]()
    with tempfile.TemporaryDirectory() as out:
        started = time.process_time()
        work(photo, Path(out))
        cpu_s = time.process_time() - started
    # Not ru_maxrss: it survives exec, so it would show this script's own scenes.
    status = Path("/proc/self/status").read_text()
    peak_kb = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    print(json.dumps([cpu_s, int(peak_kb) / 1024]))


def _naive() -> Callable[[Path, Path], None]:
    def work(photo: Path, out: Path) -> None:
        with Image.open(photo) as opened:
            opened.load()
            for edge in EDGES:
                image = opened.copy()
                image.thumbnail((edge, edge), Image.Resampling.LANCZOS, reducing_gap=None)
                quality, method = webp_settings(edge)
                image.save(out / f"{edge}.webp", quality=quality, method=method)
                if edge == 1024:
                    name, quality = out / "1024.jpg", JPEG_QUALITY
                    image.save(name, quality=quality, optimize=True, progressive=True)

    return work


def _willow() -> Callable[[Path, Path], None]:
    from willow.image import Image as Willow

    def work(photo: Path, out: Path) -> None:
        with photo.open("rb") as file:
            opened = Willow.open(file).auto_orient()
            width, height = opened.get_size()
            for edge in EDGES:
                size = (edge, round(height * edge / width))
                with (out / f"{edge}.webp").open("wb") as target:
                    opened.resize(size).save_as_webp(target, quality=webp_settings(edge)[0])
                if edge == 1024:
                    with (out / "1024.jpg").open("wb") as target:
                        opened.resize(size).save_as_jpeg(
                            target, quality=JPEG_QUALITY, progressive=True
                        )

    return work


def _vips_each() -> Callable[[Path, Path], None]:
    import pyvips

    def work(photo: Path, out: Path) -> None:
        for edge in EDGES:
            image = pyvips.Image.thumbnail(str(photo), edge, height=edge, size="down").copy_memory()
            _vips_save(image, edge, out)

    return work


def _vips_cascade() -> Callable[[Path, Path], None]:
    import pyvips

    def work(photo: Path, out: Path) -> None:
        image = pyvips.Image.thumbnail(str(photo), EDGES[0], height=EDGES[0], size="down")
        for edge in EDGES:
            image = image.thumbnail_image(edge, height=edge, size="down").copy_memory()
            _vips_save(image, edge, out)

    return work


def _vips_save(image: Any, edge: int, out: Path) -> None:
    quality, method = webp_settings(edge)
    image.webpsave(str(out / f"{edge}.webp"), Q=quality, effort=method, keep="none")
    if edge == 1024:
        name = str(out / "1024.jpg")
        image.jpegsave(name, Q=JPEG_QUALITY, optimize_coding=True, interlace=True, keep="none")


_WAYS = {
    "naive": _naive,
    "willow": _willow,
    "vips-each": _vips_each,
    "vips-cascade": _vips_cascade,
}


def _save_heic(photo: Path, heic: Path) -> bool:
    try:
        import pillow_heif
    except ImportError:
        print("pillow-heif is absent: no HEIC line")
        return False
    pillow_heif.register_heif_opener()
    with Image.open(photo) as image:
        image.save(heic, quality=70)
    return True


def _phone_photos(folder: Path, art: Path) -> Iterator[Path]:
    drawings = sorted(art.glob("*.svg"))
    if not drawings:
        print(f"no drawings in {art}: fractal hills only")
    for seed in range(5 if drawings else 12):
        yield _as_phone_saves(_hills(seed), folder / f"hills{seed}.jpg", seed)
    for seed, drawing in enumerate(drawings):
        yield _as_phone_saves(_drawn(drawing, seed), folder / f"{drawing.stem}.jpg", seed)


def _as_phone_saves(scene: Image.Image, path: Path, seed: int) -> Path:
    lens = scene.filter(ImageFilter.GaussianBlur(1.1))
    _with_grain(lens, 2 + seed % 3).save(path, quality=PHONE_QUALITY)
    return path


def _with_grain(image: Image.Image, sigma: float) -> Image.Image:
    grain = Image.effect_noise(image.size, sigma)
    return ImageChops.add(image, Image.merge("RGB", (grain,) * 3), offset=-128)


def _hills(seed: int) -> Image.Image:
    """Sky, five ranges of fractal hills, each nearer, darker and more finely textured, leaves."""
    import numpy as np

    width, height = SIZE_12_MP
    dice = np.random.default_rng(seed)
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    top, low = np.array([90, 140, 205], "f4"), np.array([235, 225, 205], "f4")
    scene = np.broadcast_to(top * (1 - rows) + low * rows, (height, width, 3)).copy()
    scene += _clouds(dice, 1.7)[:, :, None] * 25
    ys = np.arange(height)[:, None]
    for layer in range(5):
        ridge = _ridge(width, dice) * height * (0.05 + 0.03 * layer)
        mask = ys > height * (0.35 + 0.12 * layer) + ridge[None, :]
        texture = _clouds(dice, 1.4 if layer < 3 else 1.2)
        shade = dice.uniform([40, 80, 30], [110, 140, 80]) * (1.25 - 0.15 * layer)
        colour = shade[None, None, :] + texture[:, :, None] * (14 + 9 * layer)
        scene = np.where(mask[:, :, None], colour, scene).astype(np.float32)
    image = Image.fromarray(scene.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(700):
        x, y = dice.integers(width), dice.integers(height // 2, height)
        size = int(min(400, 12 / dice.power(2.2)))
        fill = tuple(int(value) for value in dice.integers([20, 50, 10], [170, 190, 120]))
        draw.ellipse((x, y, x + size, y + size // 3), fill=fill)
    return image


def _drawn(drawing: Path, seed: int) -> Image.Image:
    """A drawing as a scene: surfaces get texture and uneven light."""
    import numpy as np
    import pyvips

    page = pyvips.Image.thumbnail(str(drawing), SIZE_12_MP[0], height=SIZE_12_MP[1], crop="centre")
    pixels = page.flatten(background=[255, 255, 255]).numpy()[:, :, :3].astype(np.float32)
    dice = np.random.default_rng(100 + seed)
    # Smooth walls and rough leaves: the texture's strength changes over the scene.
    rough = np.exp(_clouds(dice, 1.7)) * 11
    pixels += (_clouds(dice, 1.7) * 14 + _clouds(dice, 1.2) * rough)[:, :, None]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _clouds(dice: Any, fall: float) -> Any:
    """Noise whose amplitude falls with frequency as in photos (1/f^fall), of deviation 1."""
    import numpy as np

    clouds = np.roll(_field(fall), dice.integers(0, SIZE_12_MP[1], 2), axis=(0, 1))
    return clouds[:: dice.choice([1, -1]), :: dice.choice([1, -1])]


@lru_cache
def _field(fall: float) -> Any:
    import numpy as np

    width, height = SIZE_12_MP
    dice = np.random.default_rng(int(fall * 100))
    white = dice.standard_normal((height, width), dtype=np.float32)
    spectrum = np.fft.rfft2(white).astype(np.complex64)
    across = np.fft.rfftfreq(width).astype(np.float32)[None, :] * width
    down = np.fft.fftfreq(height).astype(np.float32)[:, None] * height
    spectrum /= np.maximum(1, np.hypot(across, down)) ** fall
    clouds = np.fft.irfft2(spectrum, (height, width)).astype(np.float32)
    return (clouds - clouds.mean()) / clouds.std()


def _ridge(width: int, dice: Any) -> Any:
    import numpy as np

    spectrum = np.fft.rfft(dice.standard_normal(width))
    spectrum /= np.maximum(1, np.arange(spectrum.size)) ** 1.5
    ridge = np.fft.irfft(spectrum, width)
    return ridge / np.abs(ridge).max()


def _ssim_to(photo: Path, made: Path) -> float:
    """SSIM of the luma against the phone's own pixels at the same size (Wang et al. 2004)."""
    import numpy as np

    with Image.open(made) as image:
        size = image.size
        shown = np.asarray(image.convert("L"), np.float32)
    with Image.open(photo) as image:
        full = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        wanted = np.asarray(full.convert("L"), np.float32)
    a, b = _window(wanted), _window(shown)
    aa = _window(wanted * wanted) - a * a
    bb = _window(shown * shown) - b * b
    ab = _window(wanted * shown) - a * b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    score = (2 * a * b + c1) * (2 * ab + c2) / ((a * a + b * b + c1) * (aa + bb + c2))
    return float(score.mean())


def _window(values: Any) -> Any:
    """Gaussian window, 11 taps, sigma 1.5, valid part only."""
    import numpy as np

    taps = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    taps = (taps / taps.sum()).astype(np.float64)
    height, width = values.shape
    across = sum(tap * values[:, i : width - 10 + i] for i, tap in enumerate(taps))
    return sum(tap * across[i : height - 10 + i] for i, tap in enumerate(taps))


if __name__ == "__main__":
    # All pictures here are ours.
    Image.MAX_IMAGE_PIXELS = None
    main()
