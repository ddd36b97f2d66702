"""Mask personal data: the same address or number becomes the same token in the whole set, `<EMAIL_3>`."""

from collections.abc import Collection, Iterator, Sequence
from typing import ClassVar, Literal

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.entity import Entity
from taskfit.data.personal import KINDS, personal_in
from taskfit.data.pseudonyms import pseudonyms_for
from taskfit.data.record import Record
from taskfit.data.step import Applied, Step, changed, with_texts

Kind = Literal["email", "phone", "ip", "plate", "resident", "ssn", "card", "bank_card", "iban"]


class MaskPersonal(Step):
    """Put a stable pseudonym in the place of personal data.

    Who speaks of whom stays clear: one person's address has one name in all rows. Rows with entities keep their text.
    """

    about: ClassVar[Text] = Text("mask personal data with stable pseudonyms", "用固定化名替换个人信息")
    kinds: tuple[Kind, ...] = setting((), "what is masked; empty = everything", "替换哪些；空 = 全部")

    def apply(self, records: Sequence[Record], means: Means) -> Applied:  # noqa: ARG002
        """Return the rows with pseudonyms."""
        kinds: Collection[str] = self.kinds or tuple(KINDS)

        def find(text: str) -> Iterator[Entity]:
            return (one for one in personal_in(text) if one.kind in kinds)

        names = pseudonyms_for(records, KINDS, find)
        kept = tuple(with_texts(record, names.without) for record in records)
        reason = Text("personal data", "个人信息")
        pairs = zip(records, kept, strict=True)
        return Applied(kept, tuple(changed(one, after, reason) for one, after in pairs if after is not one))
