"""How many histories a state machine tries: many on usual stores, a few on others, which run the same scripts."""

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from gamify_site.store import shards
from tests.conftest import Store


def run(
    make: Callable[[], RuleBasedStateMachine], store: Store, config: pytest.Config, *, steps: int, factor: int
) -> None:
    """Run a state machine on a store, with `factor` times the profile's examples under --everything."""
    examples = settings().max_examples
    if not store.is_usual:
        examples //= 10
    elif config.getoption("everything"):
        examples *= factor
    elif shards.count() == 1:
        examples //= 2
    run_state_machine_as_test(make, settings=settings(max_examples=examples, stateful_step_count=steps))
