"""Score a file of rows with a service, lose nothing: plan, score, collect.

A file is cut into chunks. Each chunk is read, scored and written as one part, on its own; which parts are done is
kept beside them, so a job that was killed continues. What a chunk holds depends on the file alone, never on how many
workers there are or when they ran: the same job writes the same bytes.
"""
