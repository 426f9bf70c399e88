"""Where versions of models live: their files, their standing, and what was done to them by whom.

    record.py    what is known of a version, and of a model's history
    rules.py     what may be done: pure, records in, a change out
    shelf.py     what a place must offer to be a registry; `folder_*.py` is a folder, `serinus.aws` is S3 and DynamoDB
    register.py, pull.py, stages.py, restore.py, validation.py      what people do, the same on every shelf
    compare.py   two versions side by side

A version is there once its record is, and the record is written last, in one step together with the audit entry. So
whatever moment a push dies at, the registry is as before; what it left is picked up when the push is run again.
"""
