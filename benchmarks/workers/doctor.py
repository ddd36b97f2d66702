"""One measured run of `taskfit data check` over a file, in its own process."""

import argparse
import resource
import sys
import time

from common import say_result


def main() -> None:
    began, cpu = time.perf_counter(), time.process_time()
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    from taskfit.app.data.check import CheckSettings, check

    ready = time.perf_counter()
    found = check((asked.file,), CheckSettings(processes=asked.processes))
    scale = 1 if sys.platform == "darwin" else 1024
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    say_result(
        {
            "rows": found.rows,
            "seconds": time.perf_counter() - ready,
            "seconds_whole": time.perf_counter() - began,
            "cpu_parent": time.process_time() - cpu,
            "cpu_children": children.ru_utime + children.ru_stime,
            "bytes_parent": own.ru_maxrss * scale,
            "bytes_child": children.ru_maxrss * scale,
            "findings": {one.id: one.count for one in found.findings},
            "cpu_by_check": dict(found.cpu),
        }
    )


if __name__ == "__main__":
    main()
