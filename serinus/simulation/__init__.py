"""A service, its traffic and its clock, simulated: what a policy makes of them, with the code that judges real ones."""
