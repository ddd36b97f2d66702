"""The folder is the registry: every file of a package is one entry, found by its name."""

import importlib
import pkgutil
from dataclasses import dataclass
from types import ModuleType

from taskfit.core.errors import Finding, UsageError
from taskfit.core.text import Text, did_you_mean


@dataclass(frozen=True)
class Catalog:
    """The entries of one package, e.g. `Catalog("taskfit.methods", "method")`."""

    package: str
    noun: str

    def names(self) -> tuple[str, ...]:
        """Return the names of all entries, sorted. Imports none of them."""
        package = importlib.import_module(self.package)
        return tuple(sorted(one.name for one in pkgutil.iter_modules(package.__path__) if not one.name.startswith("_")))

    def problem(self, name: str) -> Finding | None:
        """Return what is wrong with `name` and the nearest known one, or None when there is such an entry."""
        known = self.names()
        if name in known:
            return None
        what = Text(f"there is no {self.noun} '{name}'", f"没有名为 '{name}' 的{self._noun_zh}")
        listed = Text(f"known: {', '.join(known)}", f"可用：{', '.join(known)}")
        return Finding("", what, did_you_mean(name, known) or listed)

    def module(self, name: str) -> ModuleType:
        """Return the module of the entry `name`; raise UsageError when there is none."""
        problem = self.problem(name)
        if problem:
            raise UsageError([problem])
        return importlib.import_module(f"{self.package}.{name}")

    def entry(self, name: str) -> type:
        """Return the class of the entry: the file's name in CamelCase (`zero_shot` holds `ZeroShot`)."""
        found = getattr(self.module(name), "".join(part.capitalize() for part in name.split("_")))
        assert isinstance(found, type)
        return found

    @property
    def _noun_zh(self) -> str:
        return {"method": "方法", "format": "格式", "metric": "指标", "shape": "行格式"}.get(self.noun, self.noun)
