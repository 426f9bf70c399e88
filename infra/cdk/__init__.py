"""The AWS stack of one service, in CDK: one construct for each concern, one stack that composes them."""

import os

# CDK's half in JavaScript warns of Node.js 20 in ten lines at every start; it works.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
