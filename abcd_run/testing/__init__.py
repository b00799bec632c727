"""Tools for authors of runtimes: the contract suite, and a fake runtime without an engine.

    from abcd_run.testing.contract import RuntimeContract

    class TestFirecracker(RuntimeContract):
        runtime = "firecracker"

Needs pytest: `pip install 'abcd-run[testing]'`.
"""
