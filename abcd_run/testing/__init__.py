"""What authors of runtimes test with: the contract suite, and a runtime that is no engine.

    from abcd_run.testing.contract import RuntimeContract

    class TestFirecracker(RuntimeContract):
        runtime = "firecracker"

Needs pytest: `pip install 'abcd-run[testing]'`.
"""
