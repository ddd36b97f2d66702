"""Rules about several keys at once, as LLaMA-Factory has them where they apply; every break of one is noted."""

from taskfit.app.llamafactory.given import Given
from taskfit.app.llamafactory.template import describe, problem_of, shows_tools
from taskfit.core.text import Text

STAGES = ("pt", "sft", "rm", "ppo", "dpo", "kto")
ONLY_SFT = ("train_on_prompt", "mask_history")
ON_DEV = ("do_eval", "load_best_model_at_end", "early_stopping_steps")


def check_rules(given: Given) -> None:
    """Note every rule of LLaMA-Factory that the file breaks."""
    _stage(given)
    _rows(given)
    _template(given)


def _stage(given: Given) -> None:
    stage = given.choice("stage", "sft", STAGES)
    if stage not in ("pt", "sft"):
        given.refuse(
            "stage",
            Text(f"'{stage}' learns from preferences", f"'{stage}' 从偏好中学习"),
            Text("it follows with alignment; pt and sft can be trained", "将随对齐功能提供；现可训练 pt 与 sft"),
        )
    if not given.flag("do_train"):
        given.refuse(
            "do_train",
            Text("is not true, so nothing would be trained", "不为 true，因此不会训练"),
            Text("set do_train: true", "请设 do_train: true"),
        )
    if stage == "pt":
        for key in ONLY_SFT:
            if given.flag(key):
                given.refuse(key, Text("is for the stage sft", "只用于 sft 阶段"))
    if given.flag("train_on_prompt") and given.flag("mask_history"):
        given.refuse(
            "mask_history",
            Text("and train_on_prompt exclude each other", "与 train_on_prompt 互斥"),
            Text("keep one of them", "请只保留一个"),
        )


def _rows(given: Given) -> None:
    if not given.words("dataset"):
        given.refuse("dataset", Text("is missing: it names the rows", "缺失：它指明数据"))
    if given.text("dataset_dir") == "ONLINE" or str(given.values.get("dataset_dir", "")).startswith("REMOTE:"):
        given.refuse(
            "dataset_dir",
            Text("must be a folder with a dataset_info.json", "须为含 dataset_info.json 的目录"),
            Text("name hub datasets in it with 'hf_hub_url'", "请在其中用 'hf_hub_url' 登记 hub 数据集"),
        )
    has_dev = bool(given.words("eval_dataset")) or given.number("val_size", 0.0) > 0
    if given.words("eval_dataset") and given.number("val_size", 0.0) > 0:
        given.refuse("val_size", Text("and eval_dataset exclude each other", "与 eval_dataset 互斥"))
    asks_for_dev = [key for key in ON_DEV if given.values.get(key) not in (None, False, 0)]
    if given.choice("eval_strategy", "no", ("no", "steps", "epoch")) != "no":
        asks_for_dev.append("eval_strategy")
    if not has_dev:
        for key in asks_for_dev:
            given.refuse(
                key,
                Text("there are no rows to measure on", "没有可用于评估的数据"),
                Text("set val_size or eval_dataset", "请设置 val_size 或 eval_dataset"),
            )
    if given.has("interleave_probs"):
        if given.choice("mix_strategy", "concat", MIXES) == "concat":
            given.refuse(
                "interleave_probs", Text("is only for an interleaving mix_strategy", "只用于交错的 mix_strategy")
            )
        elif len(given.words("interleave_probs")) != len(given.words("dataset")):
            given.refuse("interleave_probs", Text("needs one number per dataset", "须为每个数据集各给一个数"))


MIXES = ("concat", "interleave_under", "interleave_over", "interleave_once")


def _template(given: Given) -> None:
    name = given.text("template")
    if name is not None and (problem := problem_of(name)):
        given.refuse("template", *problem)
        return
    for key in ("tool_format", "default_system"):
        if name is None and given.has(key):
            given.refuse(
                key,
                Text("changes a named template, and there is none", "用于修改指定的模板，但没有指定模板"),
                Text("set 'template'", "请设置 'template'"),
            )
    tool_format = given.text("tool_format")
    if name is not None and tool_format is not None and not shows_tools(name, tool_format):
        given.refuse(
            "tool_format",
            Text(f"'{tool_format}' is not known here", f"此处不认识 '{tool_format}'"),
            Text("known: default, qwen, mistral", "可用：default、qwen、mistral"),
        )


def is_reasoning(name: str | None) -> bool:
    """Tell whether the template is one of a model that thinks before it answers."""
    return name is not None and str(describe(name).get("kind", "")).startswith("reasoning")
