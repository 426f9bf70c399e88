"""`serinus rollout`: how a release proves itself on live traffic, one module per thing one does about it."""

import typer

from serinus.cli.rollout.plan import plan
from serinus.cli.rollout.replay import replay
from serinus.cli.rollout.simulate import simulate

rollout = typer.Typer(
    name="rollout",
    help="How a release proves itself on live traffic: plan a rollout, simulate it, replay a recorded one.",
    epilog="Start here: serinus rollout plan kepler --rate 100, then simulate --scenario errors-20 --rate 100.",
    no_args_is_help=True,
)
for command in (plan, simulate, replay):
    rollout.command()(command)
