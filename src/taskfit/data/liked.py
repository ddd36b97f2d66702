"""Whether an answer is liked: the ways in which rows say yes and no."""

from taskfit.core.text import Text
from taskfit.data.wrong import Wrong

YES = frozenset(
    (
        "true",
        "1",
        "1.0",
        "yes",
        "y",
        "good",
        "like",
        "liked",
        "thumbs_up",
        "up",
        "desirable",
        "chosen",
        "赞",
        "是",
        "好",
    )
)
NO = frozenset(
    (
        "false",
        "0",
        "0.0",
        "no",
        "n",
        "bad",
        "dislike",
        "disliked",
        "thumbs_down",
        "down",
        "undesirable",
        "rejected",
        "踩",
        "否",
        "差",
    )
)


def liked(value: object, column: str) -> bool:
    """Return what a cell says; raise Wrong when it says neither yes nor no."""
    if isinstance(value, bool):
        return value
    said = str(value).strip().casefold() if value is not None else ""
    if said in YES or said in NO:
        return said in YES
    raise Wrong(Text(f"'{column}' says neither yes nor no: {value!r:.40}", f"'{column}' 既非是也非否：{value!r:.40}"))
