"""The part that runs inside the suite's own Python, a CPython 2.7. The suite's command `wstest`
would listen on every interface, on a port given beforehand, so its parts are called from here.

    suite.py cases                      prints the ids of all cases as JSON
    suite.py fuzzingclient SPEC         tries the servers that the file SPEC names, and reports
    suite.py fuzzingserver SPEC FD      tries the clients that come to the socket FD, and reports
                                        whenever one asks for it
"""

import json
import socket
import sys

from autobahntestsuite import case, fuzzing  # also chooses Twisted's reactor: goes first
from autobahntestsuite.caseset import CaseSet
from twisted.internet import reactor


def cases():
    ids = CaseSet(case.CaseSetname, case.CaseBasename, case.Cases, case.CaseCategories,
                  case.CaseSubCategories)
    json.dump([ids.caseClasstoId(one) for one in case.Cases], sys.stdout)


def fuzzingclient(spec):
    fuzzing.startClient(json.load(open(spec)))
    reactor.run()


def fuzzingserver(spec, fd):
    factory = fuzzing.FuzzingServerFactory(json.load(open(spec)))
    reactor.adoptStreamPort(int(fd), socket.AF_INET, factory)
    reactor.run()


{"cases": cases, "fuzzingclient": fuzzingclient, "fuzzingserver": fuzzingserver}[sys.argv[1]](
    *sys.argv[2:])
