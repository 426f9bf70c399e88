"""Which published version of a service answers: decided here, moved and recorded with care."""
