"""What is true of every recipe: it makes rows in both languages, tells all it refuses, and can be done again with the same result."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from model.fake_endpoint import endpoint
from taskfit.app.data.synthesize_settings import RECIPES, recipe_class
from taskfit.core.example import Message, Origin
from taskfit.core.text import Language
from taskfit.data.record import Record
from taskfit.model.remote import open_remote
from taskfit.model.remote_settings import RemoteSettings
from taskfit.workshop.maker import Maker
from taskfit.workshop.reasons import REASONS
from taskfit.workshop.recipe import Material
from taskfit.workshop.seeds import own_seeds
from taskfit.workshop.synthesis import Made, Order, Workers, begun, synthesize
from workshop.fake_writer import writer

DOCUMENTS = {
    "en": ("The old mill was built in 1871. It ground rye for nine villages until the river was dammed.",
           "Bees dance to tell each other where flowers stand. The angle of the dance is the angle to the sun."),
    "zh": ("老磨坊建于1871年，曾为九个村子磨面，直到河上修了水坝才停用。", "蜜蜂用舞蹈告诉同伴花在哪里，舞蹈的角度就是花与太阳的夹角。"),
}  # fmt: skip
ROWS = {"en": ("The soup was cold and 2 hours late", "Lovely people, I will come again"),
        "zh": ("汤是凉的，还迟到了 2 小时", "服务员很热情，下次还来")}  # fmt: skip


def material(name: str, language: Language) -> Material:
    needs = recipe_class(name).needs
    if needs == "seeds":
        return Material(own_seeds(language))
    if needs == "documents":
        return Material(records=tuple(_document(text, number) for number, text in enumerate(DOCUMENTS[language])))
    labels = ("bad", "good")
    rows = zip(ROWS[language], labels, strict=True)
    if name in ("paraphrase",):
        return Material(records=tuple(_labelled(text, label) for text, label in rows))
    return Material(records=tuple(_talk(f"{text} #{again}", again) for text, _ in rows for again in range(6)))


def _document(text: str, number: int) -> Record:
    return Record(f"d{number}", Origin("docs", number + 1), text=text)


def _labelled(text: str, label: str) -> Record:
    return Record(f"r-{label}", Origin("rows", 1), (Message("user", text),), label=label)


def _talk(text: str, number: int) -> Record:
    return Record(f"t{text}", Origin("rows", number + 1), (Message("user", text), Message("assistant", "Thank you!")))


def made_by(name: str, language: Language, folder: Path, rows: int | None = 12, **settings: object) -> Made:
    order = Order(name, recipe_class(name).read(settings), material(name, language), rows, language)
    with endpoint() as fake:
        fake.answer_body = writer
        model = open_remote(RemoteSettings(url=fake.url, model="fake", key_env="", concurrency=8))
        maker = Maker("fake", model)
        made = begun(order, folder)
        synthesize(order, Workers(maker, maker), folder, made=made)
    return made


def texts(rows: Sequence[Record]) -> list[str]:
    return [f"{row.prompt}|{row.answer}|{row.rejected and row.rejected[0].content}" for row in rows]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", RECIPES.names())
def test_makes_rows_and_makes_the_same_again(name: str, language: Language, tmp_path: Path) -> None:
    seeded = recipe_class(name).needs == "seeds"
    one = made_by(name, language, tmp_path / "a", 12 if seeded else None)
    other = made_by(name, language, tmp_path / "b", 12 if seeded else None)
    assert len(one.rows) >= (12 if seeded else 1)
    assert one.rows == other.rows
    assert one.rejected == other.rejected
    assert set(one.rejected) <= set(REASONS)
    assert len({row.id for row in one.rows}) == len(one.rows)
    for row in one.rows:
        assert row.prompt.strip()
        assert row.answer.strip()
        assert row.about["recipe"] == name
        assert row.about["lang"] == language
        assert (row.about.get("generator") == "fake") == recipe_class(name).writes
    if not seeded:
        assert {row.about["parent"] for row in one.rows} <= {row.id for row in material(name, language).records}


@pytest.mark.parametrize("name", RECIPES.names())
def test_is_explained_in_both_languages(name: str) -> None:
    recipe = recipe_class(name)
    for text in (recipe.about, recipe.when, *recipe.prompts):
        assert text.en
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh)
    for text in recipe.prompts:
        slots = [
            {word for word in words.split("$")[1:] for word in [word[: _slot(word)]]} for words in (text.en, text.zh)
        ]
        assert slots[0] == slots[1], "both languages fill in the same things"
    assert recipe.read({}).prompt_hash("en") != recipe.read({}).prompt_hash("zh") or not recipe.prompts


def _slot(word: str) -> int:
    return next((place for place, letter in enumerate(word) if not (letter.isascii() and letter.isalnum())), len(word))


@pytest.mark.parametrize("page", ["data-synthesis.md", "data-synthesis.zh.md"])
@pytest.mark.parametrize("name", RECIPES.names())
def test_the_guide_names_all_settings_with_their_defaults(name: str, page: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / page).read_text(encoding="utf-8")
    found = re.findall(rf"^\| `{name}` \| (`\w+=.*`) \|$", text, re.MULTILINE)
    shown = [f"`{key}={field.default}`"
             for key, field in recipe_class(name).model_fields.items()]  # fmt: skip
    assert found == [", ".join(shown)]
