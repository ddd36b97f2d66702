"""dataset_info.json: which file a dataset name stands for, which column is what, who says what."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taskfit.core.errors import DataError, Finding
from taskfit.core.text import Text, did_you_mean

INFO = "dataset_info.json"
FORMATTINGS = ("alpaca", "sharegpt", "openai")
HUBS = ("hf_hub_url", "ms_hub_url", "om_hub_url")
MEDIA = ("images", "videos", "audios")
PAIRS = ("chosen", "rejected", "kto_tag")
COLUMNS = {
    "prompt": "instruction",
    "query": "input",
    "response": "output",
    "history": "history",
    "messages": "conversations",
    "system": "system",
    "tools": "tools",
}
TAGS = {
    "role_tag": "from",
    "content_tag": "value",
    "user_tag": "human",
    "assistant_tag": "gpt",
    "observation_tag": "observation",
    "function_tag": "function_call",
    "system_tag": "system",
}
KEYS = (
    *("file_name", *HUBS, "script_url", "cloud_file_name", "formatting", "ranking"),
    *("subset", "split", "folder", "num_samples", "columns", "tags"),
)


@dataclass(frozen=True)
class Entry:
    """One dataset: `columns` and `tags` are what the entry itself says (None where it says nothing at all)."""

    name: str
    where: str
    file: str | None = None
    hub: str | None = None
    formatting: str = "alpaca"
    subset: str | None = None
    split: str = "train"
    folder: str | None = None
    samples: int | None = None
    columns: Mapping[str, str | None] | None = None
    tags: Mapping[str, str | None] | None = None
    remarks: tuple[Text, ...] = field(default=())
    ranking: bool = False

    def tag(self, name: str) -> str:
        """Return the word of a tag: the entry's own, else the documented default."""
        given = (self.tags or {}).get(name)
        return TAGS[name] if given is None else given


def read_entries(folder: Path, names: tuple[str, ...], *, pairs: bool = False) -> tuple[Entry, ...]:
    """Return the entries of `names` in the dataset_info.json of `folder`; raise DataError with every problem.

    Rows for preferences are only taken with `pairs`.
    """
    path = folder / INFO
    table = _table(path)
    entries: list[Entry] = []
    wrong: list[Finding] = []
    for name in names:
        where = f"{path} '{name}'"
        if name not in table:
            known = Text(f"known: {', '.join(sorted(table)[:30])}", f"可用：{', '.join(sorted(table)[:30])}")
            what = Text(f"there is no dataset '{name}'", f"没有名为 '{name}' 的数据集")
            wrong.append(Finding(str(path), what, did_you_mean(name, table) or known))
        elif not isinstance(table[name], dict):
            wrong.append(Finding(where, Text("an entry is an object", "登记项应为对象")))
        else:
            problems = list(_problems(table[name], where, pairs=pairs))
            wrong += problems
            if not problems:
                entries.append(_entry(name, table[name], where))
    if wrong:
        raise DataError(wrong)
    return tuple(entries)


def _table(path: Path) -> dict[str, Any]:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(
            Text("there is no such file", "没有这个文件"),
            where=str(path),
            todo=Text(
                "'dataset_dir' names the folder of dataset_info.json, from the folder that taskfit is started in",
                "'dataset_dir' 是 dataset_info.json 所在目录，从启动 taskfit 的目录算起",
            ),
        ) from None
    except (OSError, ValueError, RecursionError) as problem:
        raise DataError(Text(f"not valid JSON: {problem}", f"不是有效的 JSON：{problem}"), where=str(path)) from None
    if not isinstance(table, dict):
        raise DataError(Text("an object of datasets is expected", "应为数据集对象"), where=str(path))
    return table


def _problems(given: Mapping[str, Any], where: str, *, pairs: bool) -> list[Finding]:
    wrong: list[tuple[Text, Text | None]] = []
    formatting = given.get("formatting", "alpaca")
    if formatting not in FORMATTINGS:
        listed = ", ".join(FORMATTINGS)
        wrong.append(
            (
                Text(f"the formatting {formatting!r} is not known", f"未知的 formatting {formatting!r}"),
                Text(f"known: {listed}", f"可用：{listed}"),
            )
        )
    if given.get("ranking") and not pairs:
        wrong.append(
            (
                Text(
                    "pairs for preferences ('ranking'), which the stages pt and sft cannot learn from",
                    "偏好对数据（'ranking'），pt 与 sft 阶段无法使用",
                ),
                Text("stages rm and dpo follow with alignment", "rm 与 dpo 阶段将随对齐功能提供"),
            )
        )
    for block, known in (("columns", (*COLUMNS, *MEDIA, *PAIRS)), ("tags", tuple(TAGS))):
        wrong += _wrong_names(given.get(block), block, known)
    columns = given.get("columns") if isinstance(given.get("columns"), dict) else {}
    refused = MEDIA if pairs else (*MEDIA, *PAIRS)
    wrong += [_refused_column(name) for name in refused if (columns or {}).get(name) is not None]
    samples = given.get("num_samples")
    if samples is not None and (not isinstance(samples, int) or isinstance(samples, bool) or samples < 1):
        wrong.append(
            (Text(f"'num_samples' is {samples!r}, not a number of rows", f"'num_samples' 为 {samples!r}"), None)
        )
    wrong += _wrong_source(given)
    return [Finding(where, what, todo) for what, todo in wrong]


def _wrong_names(block: object, name: str, known: tuple[str, ...]) -> list[tuple[Text, Text | None]]:
    if block is None:
        return []
    if not isinstance(block, dict):
        return [(Text(f"'{name}' is no object", f"'{name}' 应为对象"), None)]
    wrong: list[tuple[Text, Text | None]] = []
    for key, value in block.items():
        if key not in known:
            listed = Text(f"known: {', '.join(known)}", f"可用：{', '.join(known)}")
            what = Text(f"unknown key '{name}.{key}'", f"未知的键 '{name}.{key}'")
            wrong.append((what, did_you_mean(key, known) or listed))
        elif value is not None and not isinstance(value, str):
            wrong.append(
                (Text(f"'{name}.{key}' is {value!r}, not a name", f"'{name}.{key}' 为 {value!r}，不是名称"), None)
            )
    return wrong


def _refused_column(name: str) -> tuple[Text, Text | None]:
    if name in MEDIA:
        return (
            Text(f"rows with {name}; models of text are trained here", f"含 {name} 的数据；此处只训练文本模型"),
            None,
        )
    return (
        Text(
            f"'{name}' marks rows for preferences, which the stages pt and sft cannot learn from",
            f"'{name}' 表示偏好数据，pt 与 sft 阶段无法使用",
        ),
        Text("stages rm, dpo and kto follow with alignment", "rm、dpo、kto 阶段将随对齐功能提供"),
    )


def _wrong_source(given: Mapping[str, Any]) -> list[tuple[Text, Text | None]]:
    if any(given.get(hub) for hub in ("hf_hub_url", "file_name")):
        return []
    todo = Text("download it and name it with 'file_name'", "请自行下载并用 'file_name' 指明")
    for key in ("ms_hub_url", "om_hub_url", "script_url", "cloud_file_name"):
        if given.get(key):
            return [(Text(f"rows behind '{key}' are not fetched", f"不读取 '{key}' 所指的数据"), todo)]
    return [(Text("it names no file ('file_name')", "没有指明文件（'file_name'）"), None)]


def _entry(name: str, given: Mapping[str, Any], where: str) -> Entry:
    # The hub goes before a file of the same entry, as LLaMA-Factory has it.
    hub = given.get("hf_hub_url")
    remarks = []
    for key in given:
        if key not in KEYS:
            close = did_you_mean(key, KEYS)
            more = close or Text("LLaMA-Factory ignores it, too", "LLaMA-Factory 同样忽略它")
            remarks.append(Text(f"'{key}' is not read; {more.en}", f"不读取 '{key}'；{more.zh}"))
    if given.get("formatting") == "openai":
        remarks.append(
            Text(
                "LLaMA-Factory would write 'detailed thinking on/off' into the system text of 'openai' rows; "
                "here system texts stay as they are",
                "LLaMA-Factory 会在 'openai' 数据的 system 文本中写入 'detailed thinking on/off'；此处 system 文本保持原样",
            )
        )
    return Entry(
        name=name,
        where=where,
        file=None if hub else given.get("file_name"),
        hub=hub,
        formatting=given.get("formatting", "alpaca"),
        subset=given.get("subset"),
        split=given.get("split", "train"),
        folder=given.get("folder"),
        samples=given.get("num_samples"),
        columns=given.get("columns"),
        tags=given.get("tags"),
        remarks=tuple(remarks),
        ranking=bool(given.get("ranking")),
    )
