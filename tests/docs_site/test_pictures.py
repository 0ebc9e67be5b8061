"""Pictures: drawn by a command, small, and without anything from elsewhere."""

import io
import xml.etree.ElementTree as ET
from pathlib import Path
from subprocess import CalledProcessError

import pytest
from PIL import Image, ImageSequence

from docs_site.links import linked_files
from docs_site.navigation import pages
from docs_site.pictures.__main__ import LARGEST, TARGET, draw, main
from docs_site.pictures.browser import NoBrowser, few_colours
from docs_site.pictures.film import SENTENCE, WIDTH, Frame, film
from docs_site.pictures.scenes import SCENES, Scene, shop_address
from docs_site.pictures.terminal import svg, without
from tests.real_data import ROOT

OUTPUT = "\x1b[1mAccount\x1b[0m\n\x1b[32mNothing lost\x1b[0m\n\x1b[1mProfile\x1b[0m\n{}\n\x1b[1mLists\x1b[0m\n45.9%\n"
FETCHING = ("{http://www.w3.org/1999/xlink}href", "href", "src")


def pictures() -> list[Path]:
    return sorted(TARGET.iterdir())


def test_the_pictures_are_those_that_a_command_draws() -> None:
    assert {path.name for path in pictures()} == {name for scene in SCENES.values() for name in scene.files}


def test_every_picture_is_shown_on_a_page() -> None:
    assert {path.relative_to(ROOT).as_posix() for path in pictures()} <= linked_files(ROOT, pages())


@pytest.mark.parametrize("path", pictures(), ids=lambda path: path.name)
def test_a_picture_is_small(path: Path) -> None:
    assert 0 < path.stat().st_size <= LARGEST


@pytest.mark.parametrize("path", [path for path in pictures() if path.suffix == ".svg"], ids=lambda path: path.name)
def test_a_drawing_fetches_nothing_and_runs_nothing(path: Path) -> None:
    drawing = ET.parse(path).getroot()  # noqa: S314 - our own file
    elements = list(drawing.iter())
    links = [element.get(name, "#") for element in elements for name in FETCHING]

    assert all(link.startswith("#") for link in links)
    assert not any(element.tag.endswith("script") for element in elements)
    assert "url(http" not in path.read_text("utf-8").replace('"', "").replace("'", "")


def test_a_terminals_picture_has_its_title_its_words_and_its_colours_and_no_font_of_a_cdn() -> None:
    picture = svg(OUTPUT, "make run")
    words = "".join(ET.fromstring(picture).itertext()).replace("\xa0", " ")  # noqa: S314 - our own text

    assert "make run" in words
    assert "Nothing lost" in words
    assert "font-face" not in picture
    assert len({line for line in picture.splitlines() if "-r" in line and "fill:" in line}) > 1


def test_the_same_output_gives_the_same_picture() -> None:
    assert svg(OUTPUT, "run") == svg(OUTPUT, "run")


def test_lines_between_two_headings_are_left_out_and_the_gap_is_shown() -> None:
    assert without(OUTPUT, "Profile", "Lists").splitlines() == [
        "\x1b[1mAccount\x1b[0m",
        "\x1b[32mNothing lost\x1b[0m",
        "…",
        "",
        "\x1b[1mLists\x1b[0m",
        "45.9%",
    ]


def test_a_heading_that_the_command_no_longer_prints_is_an_error() -> None:
    with pytest.raises(ValueError, match="no line that starts with 'Gone'"):
        without(OUTPUT, "Gone", "Lists")


def test_a_rare_colour_that_is_unlike_the_others_stays() -> None:
    image = Image.merge("RGB", [Image.linear_gradient("L")] * 3)
    orange = (217, 130, 43)
    image.paste(orange, (100, 100, 104, 104))

    with Image.open(io.BytesIO(few_colours(_png(image)))) as small:
        assert small.mode == "P"
        assert small.convert("RGB").getpixel((101, 101)) == pytest.approx(orange, abs=12)


def test_large_areas_of_nearly_the_same_colour_keep_theirs() -> None:
    image = Image.merge("RGB", [Image.effect_noise((256, 256), 90) for _ in range(3)])
    areas = [(255, 255, 255), (251, 250, 247), (231, 241, 239), (228, 236, 244)]
    for place, colour in enumerate(areas):
        image.paste(colour, (0, 32 * place, 256, 32 * place + 32))

    with Image.open(io.BytesIO(few_colours(_png(image)))) as small:
        shown = small.convert("RGB")
    assert [shown.getpixel((20, 32 * place + 20)) for place in range(len(areas))] == areas


def test_a_film_shows_each_page_for_its_time_with_a_ring_where_the_click_is_and_begins_again() -> None:
    page = _png(Image.new("RGB", (2 * WIDTH, 400), "white"))
    frames = [Frame(page, "First.", 1000), Frame(page, "A click.", 2500, click=(200, 100))]

    with Image.open(io.BytesIO(film(frames))) as moving:
        times, shown = [], []
        for image in ImageSequence.Iterator(moving):
            shown.append(image.convert("RGB"))
            times.append(image.info["duration"])
        assert moving.info["loop"] == 0
    around = (80, 30, 120, 70)  # half the size, as the page is twice as wide
    assert times == [1000, 2500]
    assert {image.size for image in shown} == {(WIDTH, 200 + SENTENCE)}
    assert [_reddest(image.crop(around)) > 100 for image in shown] == [False, True]
    below = (0, 202, WIDTH, 200 + SENTENCE)
    assert shown[0].crop(below).tobytes() != shown[1].crop(below).tobytes()


def _png(image: Image.Image) -> bytes:
    png = io.BytesIO()
    image.save(png, format="PNG")
    return png.getvalue()


def _reddest(image: Image.Image) -> int:
    red, green, _ = image.split()
    return max(one - other for one, other in zip(red.tobytes(), green.tobytes(), strict=True))


def test_the_shops_address_is_read_from_what_it_prints() -> None:
    assert shop_address(["shop   http://127.0.0.1:8040/\n", "panel  x\n"]) == "http://127.0.0.1:8040"


def test_a_shop_that_ends_before_it_opens_is_an_error() -> None:
    with pytest.raises(ValueError, match="did not open"):
        shop_address(["shopping\n"])


def _writes(size: int) -> Scene:
    return Scene(("a.svg",), lambda folder: (folder / "a.svg").write_bytes(b"x" * size) and None)


def _fails(error: Exception) -> Scene:
    def draw_one(folder: Path) -> None:
        (folder / "a.svg").write_text("<svg/>")
        raise error

    return Scene(("a.svg", "b.png"), draw_one)


def test_a_picture_that_is_too_large_is_not_kept(tmp_path: Path) -> None:
    assert "may have 200,000" in draw(_writes(LARGEST + 1), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (NoBrowser(), "apt install chromium"),
        (CalledProcessError(3, ["./broker", "run"]), "exit status 3"),
        (FileExistsError("worth/ is there"), "worth/ is there"),
    ],
)
def test_what_was_drawn_before_a_failure_is_kept_and_the_problem_is_told(
    tmp_path: Path, error: Exception, problem: str
) -> None:
    assert problem in draw(_fails(error), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]


def test_an_unknown_name_is_refused_with_the_names_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["shopp"])

    assert refused.value.code == 2
    assert f"the pictures are {', '.join(SCENES)}" in capsys.readouterr().err
