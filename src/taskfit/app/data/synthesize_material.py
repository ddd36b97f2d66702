"""What rows are made from: seed tasks, the rows of a file, or a folder of documents."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from taskfit.app.data.synthesize_settings import SynthesizeSettings
from taskfit.core.errors import DataError, UsageError
from taskfit.core.example import Origin
from taskfit.core.files import sha256
from taskfit.core.text import Language, Text
from taskfit.data.encoding import decode
from taskfit.data.guess import is_chinese
from taskfit.data.read import ListedRow
from taskfit.data.read_records import read_records
from taskfit.data.record import Record, example_of
from taskfit.workshop.recipe import Material
from taskfit.workshop.seeds import own_seeds, read_seeds

DOCUMENTS = (".txt", ".md")
LARGEST = 20_000_000


@dataclass(frozen=True)
class Found:
    """The material, its language, the rows of it that cannot be used, the hashes of the files."""

    material: Material
    language: Language
    unread: tuple[ListedRow, ...]
    hashes: tuple[str, ...]


def material_of(settings: SynthesizeSettings) -> Found:
    """Read what the settings name; raise DataError or UsageError when it cannot be used."""
    needs = settings.recipe.needs
    if needs != "seeds" and settings.seeds is not None:
        raise UsageError(Text(f"{settings.how} uses no seed tasks", f"{settings.how} 不使用种子任务"), where="--seeds")
    records: tuple[Record, ...] = ()
    unread: tuple[ListedRow, ...] = ()
    files = [Path(one) for one in (settings.material, settings.seeds) if one is not None]
    if settings.material is not None and Path(settings.material).is_dir():
        files = [*documents_in(Path(settings.material)), *files[1:]]
        records = tuple(_documents(Path(settings.material)))
    elif settings.material is not None:
        reading = read_records(settings.material, settings.shape, settings.map, settings.encoding)
        records, unread = reading.records, reading.listed
    chinese = bool(records) and is_chinese([example_of(one) for one in records])
    seeds = () if settings.seeds is None else read_seeds(Path(settings.seeds))
    language: Language = settings.language or ("zh" if chinese else "en")
    if needs == "seeds" and not seeds and not records:
        seeds = own_seeds(language)
    return Found(Material(seeds, records), language, unread, tuple(sha256(path) for path in files))


def documents_in(folder: Path) -> list[Path]:
    """Return the texts in a folder and below it, in the order of their names; raise DataError when there are none."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in DOCUMENTS and path.is_file())
    if not found:
        raise DataError(Text("holds no .txt or .md file", "没有 .txt 或 .md 文件"), where=str(folder))
    large = [path for path in found if path.stat().st_size > LARGEST]
    if large:
        raise DataError(Text(f"is larger than {LARGEST:,} bytes", f"超过 {LARGEST:,} 字节"), where=str(large[0]))
    return found


def _documents(folder: Path) -> Iterator[Record]:
    for path in documents_in(folder):
        name = str(path.relative_to(folder))
        text = decode(path.read_bytes(), where=str(path)).text
        if text.strip():
            yield Record(name, Origin(name, 1), text=text, group=name, about={"source": name})
