"""Judge a recorded rollout again: as it was judged, or as another policy would have."""

from collections.abc import Iterator
from dataclasses import dataclass

from serinus.canary.absorbing import SAME_WEIGHT
from serinus.canary.recording import Look, Opening, Recording, Told
from serinus.policy import Policy
from serinus.rollout import begun, judge


@dataclass(frozen=True)
class Again:
    """A look as it was recorded, and what is decided on it now."""

    look: Look
    decision: Told

    @property
    def differing(self) -> tuple[str, ...]:
        """The names of what is not the same, bit for bit."""
        return self.look.decision.differing(self.decision)

    @property
    def parts(self) -> bool:
        """Whether the traffic would have been another from here on, which nobody measured."""
        return not _is_same(self.look.decision.weight, self.decision.weight)


def replayed(recording: Recording, policy: Policy | None = None) -> Iterator[Again]:
    """Look by look, up to the first decision after which the candidate's share of the traffic would have been another
    than it was: what comes after it is counterfactual. Nothing at all, if the first share is another."""
    opening = recording.opening
    policy = opening.policy if policy is None else as_measured(policy, opening)
    state = begun(policy, opening.references, opening.begun_at_s, len(opening.labels))
    if not _is_same(policy.steps[0].weight, opening.policy.steps[0].weight):
        return
    for look in recording.looks:
        decision = judge(policy, state, look.measurements)
        again = Again(look, Told.of(decision))
        yield again
        if again.parts:
            return
        state = decision.state


def as_measured(policy: Policy, opening: Opening) -> Policy:
    """The policy with the windows that were measured; and, where both let the traffic say the first weight in the same
    way, with the weight that it said."""
    recorded = opening.policy
    policy = policy.model_copy(update={"window_s": recorded.window_s})
    weight = recorded.steps[0].weight
    is_alike = all(
        (one.first_weight, one.harm, one.reaction_s, one.steps[0].bake_min)
        == ("traffic", recorded.harm, recorded.reaction_s, recorded.steps[0].bake_min)
        for one in (policy, recorded)
    )
    if not is_alike or (policy.harm is None and policy.steps[0].weight > weight):
        return policy
    higher = tuple(step for step in policy.steps[1:] if step.weight > weight)
    return policy.model_copy(update={"steps": (policy.steps[0].model_copy(update={"weight": weight}), *higher)})


def _is_same(weight: float, other: float) -> bool:
    return abs(weight - other) <= SAME_WEIGHT
