"""Runs inside the suite's own Python, a CPython 2.7. It calls parts of the suite, because the suite's
command `wstest` would listen on every interface, on a fixed port.

    suite.py cases                      prints the ids of all cases as JSON
    suite.py fuzzingclient SPEC         tests the servers in the file SPEC, and writes reports
    suite.py fuzzingserver SPEC FD      tests the clients that connect to the socket FD, and writes
                                        reports whenever one asks for it
"""

import json
import socket
import sys

from autobahntestsuite import case, fuzzing  # also chooses Twisted's reactor: goes first
from autobahntestsuite.caseset import CaseSet
from twisted.internet import reactor


def cases():
    ids = CaseSet(case.CaseSetname, case.CaseBasename, case.Cases, case.CaseCategories, case.CaseSubCategories)
    json.dump([ids.caseClasstoId(one) for one in case.Cases], sys.stdout)


def fuzzingclient(spec):
    fuzzing.startClient(json.load(open(spec)))
    reactor.run()


def fuzzingserver(spec, fd):
    factory = fuzzing.FuzzingServerFactory(json.load(open(spec)))
    reactor.adoptStreamPort(int(fd), socket.AF_INET, factory)
    reactor.run()


{"cases": cases, "fuzzingclient": fuzzingclient, "fuzzingserver": fuzzingserver}[sys.argv[1]](*sys.argv[2:])
