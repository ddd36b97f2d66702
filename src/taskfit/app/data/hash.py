"""Hash a test set: a file by which others find its rows in their data, and which holds not one of its words."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from taskfit.core.errors import DataError
from taskfit.core.settings import Settings, setting
from taskfit.core.text import Text
from taskfit.data.hashed import hashed, write_hashed
from taskfit.data.read_records import read_records


class HashSettings(Settings):
    """What is hashed, and under which name."""

    about: ClassVar[Text] = Text(
        "hash a test set, so that it can be looked for in other data", "将测试集转为哈希，便于在其他数据中查找"
    )
    name: str | None = setting(None, "name of the test set; left out: that of the file", "测试集名称；不填则用文件名")
    shape: str | None = setting(None, "row format; left out: recognised", "行的格式；不填则自动识别")
    map: dict[str, str] = setting({}, "fields by another name: text=body", "字段改名：text=body")
    encoding: str | None = setting(None, "encoding of the file", "文件编码")


@dataclass(frozen=True)
class Hashes:
    """What was written: the file, the name of the test set, and how many rows it has."""

    file: Path
    name: str
    rows: int


def hash_test(file: str, out: Path, settings: HashSettings) -> Hashes:
    """Write the hashes of the rows of `file` to `out`; raise DataError when it has no rows, or `out` exists."""
    if out.exists():
        raise DataError(
            Text(f"{out} exists already", f"{out} 已存在"), todo=Text("name another file", "请换一个文件名")
        )
    records = read_records(file, settings.shape, settings.map, settings.encoding).records
    if not records:
        raise DataError(Text(f"{file} has no rows that can be used", f"{file} 没有可用的行"))
    name = settings.name or Path(file).stem
    write_hashed(hashed(name, records), out)
    return Hashes(out, name, len(records))
