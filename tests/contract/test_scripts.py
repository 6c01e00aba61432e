"""Every Lua script that is called has a contract test."""

from importlib import import_module
from pathlib import Path

import pytest

from gamify_site.store import keys, scripts
from tests.contract.contracts import callable_scripts, contract


def test_every_script_that_is_called_has_a_contract():
    modules = [import_module(f"tests.contract.{path.stem}") for path in Path(__file__).parent.glob("test_*.py")]
    found = {test.script for module in modules for test in vars(module).values() if hasattr(test, "script")}
    assert found == callable_scripts()


@pytest.mark.usefixtures("store")
def test_contract_fails_if_its_script_does_not_run():
    @contract("players/claim_account")
    def call(script: str) -> None:
        scripts.run(script, [(keys.site(), ["alice", "is_staff", "1"])])

    others = list(scripts.observers)
    with pytest.raises(AssertionError, match="players/claim_account did not run"):
        call("players/change_account")
    call("players/claim_account")
    assert scripts.observers == others
