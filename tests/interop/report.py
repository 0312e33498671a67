"""How the clients in Python report: one line for each exchange, "ok …" or "FAILED …: why"."""

from contextlib import contextmanager

failed = 0


@contextmanager
def exchange(name):
    """An exchange, which raises if something else came back than was expected."""
    global failed
    try:
        yield
        print(f"ok {name}", flush=True)
    except Exception as error:
        failed += 1
        why = " ".join(str(error).split()) or type(error).__name__
        print(f"FAILED {name}: {why[:200]}", flush=True)


def expect(actual, expected):
    """Like assert ==, but says in few words what differed, however long it is."""
    if actual != expected:
        raise AssertionError(f"expected {expected!r:.60}, got {actual!r:.60}")
