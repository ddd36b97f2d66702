"""What `taskfit train` shows of what was forgotten: every probe with its change and interval."""

from taskfit.core.measurement import Forgetting, Probe
from taskfit.core.text import Text, same
from taskfit.ladder.forgotten import interval_text, probe_name
from taskfit.measure.forgetting import is_lost

NOTHING = Text("nothing: the weights of the start are used as they are", "无：直接使用起始模型的权重")
UNKNOWN = Text("not known", "未知")


def forgotten_rows(found: Forgetting) -> list[tuple[Text, str]]:
    """Return what stands in the summary; what counts as lost is marked."""
    if found.state != "measured":
        return [(Text("forgotten", "遗忘"), str(NOTHING if found.state == "unchanged" else UNKNOWN))]
    return [(_title(probe), f"{_change(probe)}{_mark(probe)}") for probe in found.probes]


def _title(probe: Probe) -> Text:
    name = probe_name(probe)
    return Text(f"forgotten: {name.en}", f"遗忘：{name.zh}")


def _change(probe: Probe) -> Text:
    if probe.kind == "skill":
        shown = interval_text(probe.change, 100, 1)
        return Text(f"{shown} points", f"{shown} 个百分点")
    if probe.kind == "features":
        return same(f"{1 + probe.change.estimate:.3f}")
    shown = interval_text(probe.change, 1, 3)
    return Text(f"{shown} nats per token", f"每 token {shown} 奈特")


def _mark(probe: Probe) -> str:
    return str(Text(" (lost)", "（已遗忘）")) if is_lost(probe) else ""
