"""Which of the suite's cases are run."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

COMPRESSION = (12, 13)  # the groups that need permessage-deflate


@dataclass(frozen=True)
class Case:
    id: str  # as "6.4.1"
    group: str  # as "UTF-8 Handling"
    description: str

    @property
    def numbers(self):
        return tuple(int(number) for number in self.id.split("."))


@dataclass(frozen=True)
class Selection:
    size: int  # how many cases it is, in the version of the suite that is installed
    seconds: int  # the time limit: many times what it takes
    takes: object  # a predicate on a case's numbers


# The cases with compression send a thousand messages each, of sizes that grow with the last number:
# the first six of eighteen, up to 8 KiB, are the sample.
SELECTIONS = {
    "without-compression": Selection(301, 300, lambda n: n[0] not in COMPRESSION),
    "sample": Selection(373, 900, lambda n: n[0] not in COMPRESSION or n[-1] <= 6),
    "all": Selection(517, 3600, lambda n: True),
}


def select(cases, name, pattern="*"):
    """The cases of a selection whose id matches the pattern, as "6.4.*", in the suite's order.

    # Raises ValueError
    if the selection is of another size than it must be, or if nothing matches.
    """
    selection = SELECTIONS[name]
    selected = [case for case in cases if selection.takes(case.numbers)]
    ids = {case.id for case in selected}
    if not len(ids) == len(selected) == selection.size:
        raise ValueError(f"{name}: {len(selected)} cases are selected, not {selection.size}")
    matching = [case for case in selected if fnmatchcase(case.id, pattern)]
    if not matching:
        raise ValueError(f"{name}: there is no case {pattern}")
    return matching
