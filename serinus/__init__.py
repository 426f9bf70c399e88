"""Serverless inference with a canary inside: exported models, served online and in bulk."""
