"""The settings of `taskfit data synthesize`."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import field_validator, model_validator

from taskfit.core.catalog import Catalog
from taskfit.core.settings import Refused, Settings, setting
from taskfit.core.text import Text
from taskfit.model.remote_settings import RemoteSettings
from taskfit.workshop.recipe import Recipe

RECIPES = Catalog("taskfit.workshop.recipes", "recipe")
ADDRESS = ("http://", "https://")


class SynthesizeSettings(Settings):
    """All that `taskfit data synthesize` can be told."""

    about: ClassVar[Text] = Text("Make rows with a model", "用模型生成数据")

    how: str = setting(
        "self_instruct",
        f"the recipe: {', '.join(RECIPES.names())}",
        f"生成方式：{', '.join(RECIPES.names())}",
    )
    model: str = setting(
        ...,
        "who writes: the http(s) address of an OpenAI-compatible endpoint (with --remote.model), tiny, a folder, a hub name",
        "由谁生成：OpenAI 兼容接口的 http(s) 地址（配合 --remote.model）、tiny、本地目录或 hub 名称",
        min_length=1,
    )
    rows: int | None = setting(
        None,
        "rows to make; default: 100 from seed tasks, else all that the material gives",
        "要生成的行数；默认：由种子任务生成 100 行，否则用完全部材料",
        ge=1,
    )
    out: str = setting(
        "synthesized",
        "folder for the rows; the same command again goes on where it stopped",
        "存放结果的目录；再次运行同一命令即可继续",
        min_length=1,
    )
    material: str | None = setting(
        None,
        "file of rows, or folder of documents (.txt, .md), that rows are made from; not for self_instruct and alpaca",
        "作为材料的数据文件，或文档目录（.txt、.md）；self_instruct 与 alpaca 不需要",
    )
    seeds: str | None = setting(
        None, "file of seed tasks (JSONL); default: taskfit's own", "种子任务文件（JSONL）；默认使用内置种子任务"
    )
    language: Literal["en", "zh"] | None = setting(
        None,
        "language of prompts and own seeds; default: that of the material",
        "提示词与内置种子的语言；默认与材料一致",
    )
    set: dict[str, Any] = setting({}, "settings of the recipe", "生成方式自身的设置")
    budget: float | None = setting(
        None,
        "most money for writer and judge together, over all starts; needs prices (--remote.price-in, -out)",
        "生成与评审合计的花费上限（多次启动累计）；需要单价（--remote.price-in、--remote.price-out）",
        gt=0,
    )
    judge: str | None = setting(
        None,
        "who judges: a model at the same address, another address (with --judge-remote.model), a local model, or the "
        "folder of a run of `taskfit train` that scores; default: the writer",
        "由谁评审：同一接口上的模型名、另一接口地址（配合 --judge-remote.model）、本地模型，或 taskfit train 训练出的"
        "打分模型的运行目录；默认为生成模型自身",
    )
    least: float | None = setting(
        None,
        "rows of any recipe with a lower score of the judge are set aside: 1 to 5, or the scale of the trained judge",
        "评审分数低于此值的数据一律剔除：1 至 5，或训练的评审模型自身的尺度",
    )
    liked: str | None = setting(
        None,
        "class of a trained judge whose probability is the score; default: it scores with a number",
        "训练的评审模型以哪个类别的概率为分数；默认其直接输出数值",
    )
    people: str | None = setting(
        None,
        "field of the material with scores that people gave: how the judge agrees with them is told",
        "材料中人工评分所在字段：报告评审与人的一致性",
    )
    similar: float = setting(
        0.7,
        "ROUGE-L above which an instruction is too similar to an earlier one",
        "指令间 ROUGE-L 高于此值视为重复",
        ge=0,
        le=1,
    )
    seed: int = setting(0, "seed of everything random", "随机种子", ge=0, le=2**31 - 1)
    thinking: int = setting(
        0,
        "tokens that a thinking model may use before each answer, beside those of the answer",
        "思考模型在每次回答之前可用于思考的 token 数，不计入回答",
        ge=0,
        le=200_000,
    )
    unsent: tuple[str, ...] = setting(
        (),
        "fields that the endpoint refuses: temperature, top_p, presence_penalty, stop, seed",
        "接口不接受的请求字段：temperature、top_p、presence_penalty、stop、seed",
    )
    shape: str | None = setting(
        None,
        "what the rows of the material are (`taskfit formats`); default: recognised",
        "材料的数据格式（taskfit formats 可查看）；默认自动识别",
    )
    map: dict[str, str] = setting({}, "new names of fields of the material: new=old", "材料字段改名：新名=旧名")
    encoding: str | None = setting(None, "encoding of the material; default: recognised", "材料的编码；默认自动识别")
    remote: RemoteSettings | None = setting(None, "how to ask the endpoint of the writer", "生成模型接口的访问设置")
    judge_remote: RemoteSettings | None = setting(
        None, "how to ask the endpoint of the judge, when it is another address", "评审模型接口（另一地址时）的访问设置"
    )
    online: bool = setting(False, "allow downloads of models from the hub", "允许从 hub 下载模型")

    @field_validator("how")
    @classmethod
    def _known_recipe(cls, value: str) -> str:
        if problem := RECIPES.problem(value):
            raise Refused(problem.what, problem.todo)
        return value

    @model_validator(mode="before")
    @classmethod
    def _addresses_are_models(cls, value: object) -> object:
        """Give each address, which stands once as `model` or `judge`, to its settings."""
        if not isinstance(value, Mapping):
            return value
        values = dict(value)
        for name, block in (("model", "remote"), ("judge", "judge_remote")):
            is_address = isinstance(values.get(name), str) and values[name].startswith(ADDRESS)
            asked = values.get(block)
            if not isinstance(asked, (Mapping, type(None))):
                continue
            if is_address:
                values[block] = {**(asked or {}), "url": values[name]}
            elif asked:
                raise Refused(
                    Text(f"'{block}' is set but '{name}' is no address", f"设置了 '{block}'，但 '{name}' 不是接口地址"),
                    Text(f"write {name}: http://...", f"请写 {name}: http://..."),
                )
        return values

    @model_validator(mode="after")
    def _needs_of_the_recipe(self) -> "SynthesizeSettings":
        needs = recipe_class(self.how).needs
        if needs != "seeds" and self.material is None:
            raise Refused(
                Text(f"{self.how} makes rows from a file of {needs}", f"{self.how} 需要材料文件"),
                Text("name it with --material", "请用 --material 指定"),
            )
        if self.how in ("self_instruct", "alpaca") and self.material is not None:
            raise Refused(
                Text(f"{self.how} uses no material, only seed tasks", f"{self.how} 不使用材料，只用种子任务"),
                Text("name them with --seeds", "请用 --seeds 指定"),
            )
        recipe_class(self.how).read(self.set, where="set")
        return self

    @property
    def recipe(self) -> Recipe:
        """The recipe with its settings."""
        return recipe_class(self.how).read(self.set, where="set")


def recipe_class(name: str) -> type[Recipe]:
    """Return the settings class of the recipe `name`."""
    found = RECIPES.entry(name)
    assert issubclass(found, Recipe)
    return found
