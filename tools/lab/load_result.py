# SPDX-License-Identifier: BSD-3-Clause
"""The requests of a load, and how long nobody was served between its begin and its end."""

import collections
import json
from dataclasses import dataclass


@dataclass
class Request:
    time: float  # of its start, time.monotonic()
    duration: float
    ok: bool
    body: str  # or the error

    @property
    def end(self):
        return self.time + self.duration


class LoadResult:
    """`begin` and `end` are those of the load, by time.monotonic(). REQUIRES at least one request:
    a load without any proves nothing."""

    def __init__(self, begin, end, requests):
        if not requests:
            raise AssertionError(f"the load made no request in {end - begin:.2f} s")
        if not begin <= requests[0].time <= requests[-1].end <= end:
            raise ValueError(f"requests from {requests[0].time} to {requests[-1].end}, "
                             f"but a load from {begin} to {end}")
        self.begin = begin
        self.end = end
        self.requests = list(requests)

    @property
    def answered(self):
        return [request for request in self.requests if request.ok]

    @property
    def failed(self):
        return [request for request in self.requests if not request.ok]

    @property
    def pages(self):
        """How often each page was the answer."""
        return collections.Counter(request.body for request in self.answered)

    @property
    def longest_outage(self):
        """The longest time without an answer, in seconds. The begin of the load and its end bound an
        outage as answers do: one that lasts to the end counts, and so does a load without answers."""
        moments = [self.begin, *(request.end for request in self.answered), self.end]
        return max(later - earlier for earlier, later in zip(moments, moments[1:]))

    def expect_all_answered(self):
        assert not self.failed, f"{self}, the first of them: {self.failed[:3]}"

    def expect_outage_below(self, seconds):
        assert self.longest_outage < seconds, \
            f"{self}, but less than {seconds:g} s are allowed; failed: {self.failed[:3]}"

    def __str__(self):
        return (f"{len(self.failed)} of {len(self.requests)} requests failed, "
                f"longest time without an answer {self.longest_outage:.2f} s")


def parse_log(lines):
    """Parses the output of load.py so far: its begin, the requests, and its end, which may be None yet.
    A line that is not whole yet is left out."""
    begin, requests, end = None, [], None
    for words in (json.loads(line) for line in lines if line.endswith("]\n")):
        if words[0] == "begin":
            begin = words[1]
        elif words[0] == "end":
            end = words[1]
        else:
            start, duration, verdict, body = words
            requests.append(Request(start, duration, verdict == "ok", body))
    return begin, requests, end
