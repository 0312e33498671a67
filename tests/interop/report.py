"""How the clients in Python report: one line per exchange, "ok …" or "FAILED …: why"."""

from contextlib import contextmanager

failed = []


def reporter(client):
    """Returns a context manager that runs an exchange of this client, which raises if an answer is wrong."""

    @contextmanager
    def exchange(name):
        try:
            yield
            print(f"ok {client}: {name}", flush=True)
        except Exception as error:
            failed.append(name)
            why = " ".join(str(error).split()) or type(error).__name__
            print(f"FAILED {client}: {name}: {why[:200]}", flush=True)

    return exchange


def expect(actual, expected):
    if actual != expected:
        raise AssertionError(f"expected {expected!r:.60}, got {actual!r:.60}")
