"""How scripts/measure and scripts/measure-profile run a command and take its time."""

import os
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TEMPLATE = os.path.join(ROOT, "templates/process-item.yaml")


def once(command, stdin=None):
    """One run: wall and processor time in seconds, peak memory in MiB, seconds to the first byte, and bytes."""
    start = time.monotonic()
    source = open(stdin, "rb") if stdin else subprocess.DEVNULL
    child = subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    pipe = child.stdout.fileno()
    first, count = None, 0
    while piece := os.read(pipe, 1 << 16):
        first = first or time.monotonic() - start
        count += len(piece)
    child.stdout.close()
    if stdin:
        source.close()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{command} ended with {child.returncode}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, first or wall, count


def median(command, runs, stdin=None, before=None):
    """The median of each column of `once`."""
    results = []
    for _ in range(runs):
        if before:
            before()
        results.append(once(command, stdin))
    return [statistics.median(column) for column in zip(*results)]


def numbers(count):
    """Writes a list of so many items into the file `items`."""
    with open("items", "w") as file:
        file.writelines(f"item-{number}\n" for number in range(count))
