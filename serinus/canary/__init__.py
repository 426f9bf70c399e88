"""What the judge of a rollout knows and how it comes to know it; `serinus.rollout` judges."""
