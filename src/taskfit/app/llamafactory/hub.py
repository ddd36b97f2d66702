"""Datasets of the Hugging Face hub: which of their files are the rows, and their download, only when asked for."""

from collections.abc import Sequence
from pathlib import Path

from taskfit.app.llamafactory.dataset_info import Entry
from taskfit.core.errors import DataError
from taskfit.core.text import Text

ENDINGS = (".json", ".jsonl", ".csv", ".parquet")


def download(entry: Entry, *, online: bool) -> list[Path]:
    """Return the files of the entry's hub dataset after fetching them; raise DataError when not `online`."""
    if not online:
        raise DataError(
            Text(f"the rows are on the hub ('{entry.hub}')", f"数据在 hub 上（'{entry.hub}'）"),
            where=entry.where,
            todo=Text(
                "allow the download with --online, or name a file with 'file_name'",
                "用 --online 允许下载，或用 'file_name' 指明本地文件",
            ),
        )
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        names = choose_files(HfApi().list_repo_files(str(entry.hub), repo_type="dataset"), entry)
        return [Path(hf_hub_download(str(entry.hub), name, repo_type="dataset")) for name in names]
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as problem:
        raise DataError(
            Text(f"cannot download '{entry.hub}': {problem}", f"无法下载 '{entry.hub}'：{problem}"), where=entry.where
        ) from problem


def choose_files(names: Sequence[str], entry: Entry) -> list[str]:
    """Return which files of a hub dataset are the rows of the entry; raise DataError when it is not clear.

    Looked at are the entry's folder, its subset and its split, each only when it narrows the choice; all files that
    are left must have one ending.
    """
    left = sorted(name for name in names if name.endswith(ENDINGS) and not Path(name).name.startswith("dataset_info"))
    if entry.folder:
        left = [name for name in left if name.startswith(entry.folder.rstrip("/") + "/")]
    for word in (entry.subset, entry.split):
        narrowed = [name for name in left if word and word.lower() in name.lower()]
        left = narrowed or left
    endings = {Path(name).suffix for name in left}
    if len(endings) != 1:
        listed = ", ".join(left[:10]) or "-"
        raise DataError(
            Text(f"it is not clear which files hold the rows: {listed}", f"无法确定哪些文件是数据：{listed}"),
            where=entry.where,
            todo=Text("download them and name one with 'file_name'", "请自行下载并用 'file_name' 指明"),
        )
    return left
