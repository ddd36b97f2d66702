"""Which column of a table is what, by an entry of dataset_info.json; where LLaMA-Factory would surprise, it is told."""

from collections.abc import Sequence
from dataclasses import dataclass

from taskfit.app.llamafactory.dataset_info import COLUMNS, TAGS, Entry
from taskfit.core.errors import DataError, Finding
from taskfit.core.text import Text, did_you_mean

OF_ALPACA = ("prompt", "query", "response", "history", "system")
OF_TALKS = ("messages", "system", "tools")
OF_TEXT = ("prompt", "query")
NEEDED = {"alpaca": ("prompt", "response"), "talk": ("messages",), "text": ("prompt",)}


@dataclass(frozen=True)
class Roles:
    """The column of each role that a row is made of, and what there is to say about the choice."""

    columns: dict[str, str]
    remarks: tuple[Text, ...]

    def of(self, role: str) -> str | None:
        """Return the column of a role, or None when no column has it."""
        return self.columns.get(role)


def roles_of(entry: Entry, columns: Sequence[str], *, plain_text: bool) -> Roles:
    """Return the column of each role; raise DataError when a listed or needed one is not there."""
    shape = "text" if plain_text else "alpaca" if entry.formatting == "alpaca" else "talk"
    if plain_text and entry.formatting != "alpaca":
        raise DataError(
            Text("conversations; the stage pt reads plain text", "对话数据；pt 阶段读取纯文本"),
            where=entry.where,
            todo=Text(
                "use the stage sft, or an entry with a 'prompt' column", "请用 sft 阶段，或含 'prompt' 列的数据集"
            ),
        )
    wanted = {"alpaca": OF_ALPACA, "talk": OF_TALKS, "text": OF_TEXT}[shape]
    found: dict[str, str] = {}
    remarks: list[Text] = []
    missing: list[Finding] = []
    for role in wanted:
        column, remark = column_of(entry, role, columns, plain_text=plain_text)
        if column is None:
            continue
        if column not in columns:
            if role in NEEDED[shape] or (entry.columns or {}).get(role) is not None:
                missing.append(_missing(entry, role, column, columns))
            continue
        found[role] = column
        remarks += [remark] if remark else []
    if missing:
        raise DataError(missing)
    return Roles(found, (*remarks, *tags_left_out(entry)))


def column_of(entry: Entry, role: str, columns: Sequence[str], *, plain_text: bool) -> tuple[str | None, Text | None]:
    """Return the column of a role as the entry or the documented default has it, and a remark where theirs differs."""
    default = COLUMNS[role]
    if entry.columns is not None and role in entry.columns:
        return entry.columns[role], None
    if plain_text and entry.columns is not None:
        return None if role == "query" else default, None
    if entry.columns is not None and default in columns:
        return default, Text(
            f"'columns' does not list '{role}', so LLaMA-Factory would not read the column '{default}'; here it is read "
            f'(to leave it out: "{role}": null)',
            f"'columns' 没有列出 '{role}'，LLaMA-Factory 将不读取 '{default}' 列；此处会读取（如要忽略：\"{role}\": null）",
        )
    if entry.columns is None and role in ("system", "history", "tools") and default in columns:
        return default, Text(
            f"without 'columns' LLaMA-Factory would not read the column '{default}'; here it is read",
            f"没有 'columns' 时，LLaMA-Factory 不读取 '{default}' 列；此处会读取",
        )
    return default, None


def tags_left_out(entry: Entry) -> tuple[Text, ...]:
    """Return what there is to say about the words for roles that an entry does not name."""
    if entry.tags is None or entry.formatting == "alpaca":
        return ()
    names = [name for name in TAGS if entry.tags.get(name) is None]
    if not names:
        return ()
    listed = ", ".join(f"{name}={TAGS[name]}" for name in names)
    return (
        Text(
            f"'tags' leaves out some, which LLaMA-Factory then knows no word for (a row that uses one is dropped); "
            f"here they keep their defaults: {listed}",
            f"'tags' 未列全，LLaMA-Factory 会因此不认得其余角色（相关行被丢弃）；此处沿用默认值：{listed}",
        ),
    )


def _missing(entry: Entry, role: str, column: str, columns: Sequence[str]) -> Finding:
    listed = ", ".join(f"'{name}'" for name in columns[:20])
    return Finding(
        entry.where,
        Text(
            f"there is no column '{column}' for '{role}'; the columns are {listed}",
            f"没有作为 '{role}' 的列 '{column}'；现有的列：{listed}",
        ),
        did_you_mean(column, columns) or Text(f"set columns.{role}", f"请设置 columns.{role}"),
    )
