"""A table of somebody's own: read as bulk jobs read it, its fields inferred, a service.toml written for it.

What training needs of a real file, and no training library: `table` reads it, `inference` says what its columns hold,
`draft` writes a service.toml of that, and `rows` makes the rows a service's fields make, online and in bulk.
"""
