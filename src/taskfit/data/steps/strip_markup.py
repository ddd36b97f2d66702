"""Take marks of prompts and chat templates out of what people say."""

import re
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.doctor.characters import PATTERNS
from taskfit.data.doctor.markup import PROMPT_MARKS
from taskfit.data.record import Record
from taskfit.data.step import RowStep, with_texts


class StripMarkup(RowStep):
    """Remove `<|im_start|>`, `[INST]`, `</s>`, and at the start of lines of answers `### Response:`, `Human:`."""

    about: ClassVar[Text] = Text("take marks of prompts and templates out of the texts", "去掉文本中的提示词与模板标记")
    reason: ClassVar[Text] = Text("marks of a prompt or chat template", "含有提示词或模板标记")

    def mend(self, record: Record, means: Means) -> Record:
        """Return the row without marks."""
        special = re.compile("|".join([PATTERNS["special_tokens"].pattern, *map(re.escape, means.special)]))
        return with_texts(
            with_texts(record, lambda text: special.sub("", text)),
            lambda text: PROMPT_MARKS.sub("", text).strip() if PROMPT_MARKS.search(text) else text,
            questions=False,
        )
